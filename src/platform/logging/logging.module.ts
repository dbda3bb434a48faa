import { Global, Module } from '@nestjs/common';
import { StartupBanner } from './startup-banner.js';

/** Provides `StartupBanner` everywhere. Logging itself needs no provider: `new Logger('Name')` of @nestjs/common. */
@Global()
@Module({ providers: [StartupBanner], exports: [StartupBanner] })
export class LoggingModule {}
