import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';
import { loggedErrors } from '../logging/logged-errors.js';
import { redactUrl } from '../logging/redaction.js';
import { readPackage } from '../process/program-files.js';

type Sentry = typeof import('@sentry/node-core/light');

const FLUSH_MS = 2000;

/**
 * Reports everything logged as an error to Sentry if `SENTRY_DSN` is set; otherwise Sentry is not loaded. A report
 * contains the error with its causes, the name of the logger and the request id: no body, no header, no user.
 */
@Injectable()
export class ErrorReports implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Sentry');
  private sentry: Sentry | undefined;
  private end: (() => void) | undefined;

  constructor(private readonly config: Config) {}

  async onApplicationBootstrap(): Promise<void> {
    const { sentryDsn: dsn, nodeEnv: environment } = this.config;
    if (!dsn) return;
    const sentry = await import('@sentry/node-core/light');
    sentry.init({
      dsn,
      environment,
      release: `parley@${readPackage().version}`,
      defaultIntegrations: false,
      integrations: [sentry.linkedErrorsIntegration(), sentry.dedupeIntegration()],
      sendDefaultPii: false,
      beforeSend: (event) => {
        for (const exception of event.exception?.values ?? []) exception.value &&= redactUrl(exception.value);
        return event;
      },
    });
    this.sentry = sentry;
    this.end = loggedErrors.observe(({ level, message, context, requestId, error }) => {
      const tags = { context, ...(requestId && { request_id: requestId }) };
      if (error) sentry.captureException(error, { level, tags, extra: { message } });
      else sentry.captureMessage(message, { level, tags });
    });
    this.logger.log('errors are reported');
  }

  async onApplicationShutdown(): Promise<void> {
    this.end?.();
    await this.sentry?.close(FLUSH_MS);
  }
}
