import { Global, Module } from '@nestjs/common';
import { SystemMessages } from '../participants/system-messages.policy.js';
import { AppendSystemMessage } from './append-system-message.js';
import { MessagesRepository } from './messages.repository.js';

/** Provides system messages to the module `participants`. Global, because a lower module cannot import a higher one. */
@Global()
@Module({
  providers: [AppendSystemMessage, MessagesRepository, { provide: SystemMessages, useExisting: AppendSystemMessage }],
  exports: [SystemMessages],
})
export class SystemMessagesModule {}
