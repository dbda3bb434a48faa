import { integer } from './setting.js';

const DAYS_MAX = 36_500;

/** How long messages are stored. A legal hold keeps them beyond that. */
export const RETENTION_SETTINGS = {
  messageRetentionDays: integer({
    name: 'MESSAGE_RETENTION_DAYS',
    default: 0,
    min: 0,
    max: DAYS_MAX,
    description:
      'Days after which messages are deleted in conversations without message_retention_days of their own; 0: never.',
  }),
  directMessageRetentionDays: integer({
    name: 'DIRECT_MESSAGE_RETENTION_DAYS',
    default: 0,
    min: 0,
    max: DAYS_MAX,
    description: 'The same for direct conversations; 0: as MESSAGE_RETENTION_DAYS.',
  }),
  deletedConversationRetentionDays: integer({
    name: 'DELETED_CONVERSATION_RETENTION_DAYS',
    default: 30,
    min: 0,
    max: DAYS_MAX,
    description: 'Days after which the messages of a deleted conversation lose their texts.',
  }),
};
