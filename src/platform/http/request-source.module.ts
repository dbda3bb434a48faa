import { Global, Module } from '@nestjs/common';
import { ClientAddressResolver } from './client-address.js';
import { RequestValidator } from './request-validator.js';

/** The first checks of every request and upgrade: whether it is valid, and from which IP address it comes. */
@Global()
@Module({ providers: [ClientAddressResolver, RequestValidator], exports: [ClientAddressResolver, RequestValidator] })
export class RequestSourceModule {}
