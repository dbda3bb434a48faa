import { Global, Module } from '@nestjs/common';
import { BannerLines } from './banner.js';

/** Provides `BannerLines` everywhere. Logging itself needs no provider: `new Logger('Name')` of @nestjs/common. */
@Global()
@Module({ providers: [BannerLines], exports: [BannerLines] })
export class LoggingModule {}
