import { defineError } from '../../../platform/errors/app-error.js';

export class MessageNotForwardable extends defineError('MESSAGE_NOT_FORWARDABLE', 409, {
  message: 'This message cannot be forwarded.',
  meaning: 'The message is deleted, only for some participants, or a system message.',
  action: 'Load the message again.',
}) {}
