import { Global, Module } from '@nestjs/common';
import { ClientAddresses } from './client-address.js';
import { SoundRequests } from './sound-request.js';

/** What routes and sockets ask of a request before anything else: whether it is sound, and where it comes from. */
@Global()
@Module({ providers: [ClientAddresses, SoundRequests], exports: [ClientAddresses, SoundRequests] })
export class RequestSourceModule {}
