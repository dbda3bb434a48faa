import { Injectable, type OnModuleInit } from '@nestjs/common';
import { UrlEncodedRoutes } from '../../platform/http/url-encoded-routes.js';

const EDITS = /^\/api\/(?:messages\/[^/]+|conversations\/[^/]+\/participants\/[^/]+)\/?$/;

/** The content types of an edit in the OpenAPI document. */
export const FORM_OR_JSON = ['application/json', 'application/x-www-form-urlencoded'];

/** Accepts URL-encoded edits of messages and participants. */
@Injectable()
export class ClassroomForms implements OnModuleInit {
  constructor(private readonly urlEncoded: UrlEncodedRoutes) {}

  onModuleInit(): void {
    this.urlEncoded.register((path, method) => (method === 'PUT' || method === 'PATCH') && EDITS.test(path));
  }
}
