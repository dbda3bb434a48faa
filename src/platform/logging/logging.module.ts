import { Global, Module } from '@nestjs/common';
import { StartupBanner } from './startup-banner.js';

/** Provides `StartupBanner` to every module. Logging needs no provider: use `new Logger('Name')` of @nestjs/common. */
@Global()
@Module({ providers: [StartupBanner], exports: [StartupBanner] })
export class LoggingModule {}
