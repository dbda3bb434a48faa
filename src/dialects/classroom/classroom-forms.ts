import { Injectable, type OnModuleInit } from '@nestjs/common';
import { UrlEncodedRoutes } from '../../platform/http/url-encoded-routes.js';

const EDITS = /^\/api\/(?:messages\/[^/]+|conversations\/[^/]+\/participants\/[^/]+)\/?$/;

/** How an edit may come, for the OpenAPI document. */
export const FORM_OR_JSON = ['application/json', 'application/x-www-form-urlencoded'];

/** Edits come as forms as well: of a message, and of what a participant may do. */
@Injectable()
export class ClassroomForms implements OnModuleInit {
  constructor(private readonly urlEncoded: UrlEncodedRoutes) {}

  onModuleInit(): void {
    this.urlEncoded.register((path, method) => (method === 'PUT' || method === 'PATCH') && EDITS.test(path));
  }
}
