import type { AcceptsUrlEncoded } from '../../platform/http/body-parser.js';

const EDITS = /^\/api\/(?:messages\/[^/]+|conversations\/[^/]+\/participants\/[^/]+)\/?$/;

/** Edits of messages and participants may be URL-encoded. */
export const acceptsForms: AcceptsUrlEncoded = (path, method) =>
  (method === 'PUT' || method === 'PATCH') && EDITS.test(path);

/** The content types of such an edit in the OpenAPI document. */
export const FORM_OR_JSON = ['application/json', 'application/x-www-form-urlencoded'];
