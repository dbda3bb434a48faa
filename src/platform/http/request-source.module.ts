import { Global, Module } from '@nestjs/common';
import { ClientAddresses } from './client-address.js';
import { RequestValidator } from './request-validator.js';

/** What routes and sockets ask of a request before anything else: whether it is sound, and where it comes from. */
@Global()
@Module({ providers: [ClientAddresses, RequestValidator], exports: [ClientAddresses, RequestValidator] })
export class RequestSourceModule {}
