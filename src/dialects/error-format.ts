import type { AppError, ErrorDetails, FieldProblem } from '../platform/errors/app-error.js';
import type { DocumentedFormat, PresentedError } from '../platform/errors/error-formats.js';
import type { ParleyRequest } from '../platform/http/parley-request.js';
import type { FrameError } from '../platform/realtime/protocol/packet.js';

/** The properties of a request on which the format of its error may depend. */
export type FailedRequest = Pick<ParleyRequest, 'method' | 'originalUrl' | 'requestId'>;

/** The errors of a dialect: over HTTP, in frames and in the OpenAPI document. */
export interface DialectErrors {
  /** Returns the error with the code, message and details of the dialect, for a body or a frame. */
  readonly translate: (error: FrameError) => FrameError;
  readonly present: (error: AppError, request: FailedRequest) => PresentedError;
  readonly documentation: DocumentedFormat;
}

interface ErrorFormatDefinition {
  /** Part of the names of shared responses in the OpenAPI document. */
  readonly name: string;
  /** The codes that differ from Parley's. */
  readonly codes?: Readonly<Record<string, string>>;
  /** The code of an error that is not in `codes`; Parley's own if omitted. */
  readonly defaultCode?: (error: FrameError) => string;
  /** The messages that differ from Parley's, by its codes. */
  readonly messages?: Readonly<Record<string, string>>;
  /** The message of an error whose code is not in `messages`; Parley's own if omitted. */
  readonly defaultMessage?: (error: FrameError) => string;
  /** The statuses that differ from Parley's, by its codes. */
  readonly statuses?: Readonly<Record<string, number>>;
  /** The details, if they differ from Parley's; `code` is that of the dialect. */
  readonly details?: (error: FrameError, code: string) => ErrorDetails;
  /** The body of a response; `translated` is the error in the terms of the dialect. */
  readonly body: (translated: FrameError, error: AppError, request: FailedRequest) => object;
  /** Returns the JSON Schema of such a body; `code` is that of the dialect. */
  readonly schema: DocumentedFormat['schema'];
}

/** Declares the error format of a dialect: what differs from Parley's own errors, and the shape of a body. */
export function defineErrorFormat(definition: ErrorFormatDefinition): DialectErrors {
  const {
    name,
    codes = {},
    defaultCode,
    messages = {},
    defaultMessage,
    statuses = {},
    details,
    body,
    schema,
  } = definition;
  const translate = (error: FrameError): FrameError => {
    const code = codes[error.code] ?? defaultCode?.(error) ?? error.code;
    return {
      code,
      message: messages[error.code] ?? defaultMessage?.(error) ?? error.message,
      details: details ? details(error, code) : error.details,
    };
  };
  return {
    translate,
    present: (error, request) => ({
      status: statuses[error.code] ?? error.status,
      body: body(translate(error), error, request),
    }),
    documentation: { name, schema },
  };
}

/** The problems of the single fields of an invalid input; empty for every other error. */
export function fieldProblemsOf({ details }: Pick<FrameError, 'details'>): FieldProblem[] {
  return (details.errors as FieldProblem[] | undefined) ?? [];
}

export const STRING_SCHEMA = { type: 'string' };

/** The JSON Schema of an object with these properties, of which the `optional` ones may be missing. */
export function objectSchema(properties: Readonly<Record<string, object>>, optional: object = {}): object {
  return { type: 'object', required: Object.keys(properties), properties: { ...properties, ...optional } };
}
