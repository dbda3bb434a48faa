import type { WatchFrameDto } from '../../src/modules/admin/admin.dto.js';
import type { FileFrameDto } from '../../src/modules/files/files.dto.js';
import type {
  EditMessageFrameDto,
  HistoryFrameDto,
  MessageFrameDto,
  ReactionFrameDto,
  SendMessageFrameDto,
} from '../../src/modules/messages/messages.dto.js';
import type { SubscribeFrameDto, UnsubscribeFrameDto } from '../../src/modules/messages/sync.dto.js';
import type { MarkFrameDto } from '../../src/modules/participants/participants.dto.js';
import type { SetPresenceDto, TypingFrameDto } from '../../src/modules/presence/presence.dto.js';
import { FrameRouter } from '../../src/platform/realtime/commands/frame-router.js';
import type { Requests } from '../../src/platform/realtime/protocol/protocol-types.js';
import type { AuthRefreshFrameDto } from '../../src/platform/realtime/commands/realtime.gateway.js';
import { startTestApp } from '../support/test-app.js';

/** The DTO of each handler. */
interface Handled {
  'admin.watch': WatchFrameDto;
  'admin.unwatch': WatchFrameDto;
  'auth.refresh': AuthRefreshFrameDto;
  'message.send': SendMessageFrameDto;
  'message.edit': EditMessageFrameDto;
  'message.delete': MessageFrameDto;
  'reaction.add': ReactionFrameDto;
  'reaction.remove': ReactionFrameDto;
  'message.read': MarkFrameDto;
  'message.delivered': MarkFrameDto;
  'typing.start': TypingFrameDto;
  'typing.stop': TypingFrameDto;
  'presence.set': SetPresenceDto;
  'file.get': FileFrameDto;
  subscribe: SubscribeFrameDto;
  unsubscribe: UnsubscribeFrameDto;
  history: HistoryFrameDto;
}

type SameFields<A, B> = [keyof A] extends [keyof B] ? ([keyof B] extends [keyof A] ? true : never) : never;

/** Compiles only if the types for clients name exactly the fields that the handlers accept. */
const SAME_FIELDS: { [Type in keyof Handled]: SameFields<Handled[Type], Requests[Type]> } = {
  'admin.watch': true,
  'admin.unwatch': true,
  'auth.refresh': true,
  'message.send': true,
  'message.edit': true,
  'message.delete': true,
  'reaction.add': true,
  'reaction.remove': true,
  'message.read': true,
  'message.delivered': true,
  'typing.start': true,
  'typing.stop': true,
  'presence.set': true,
  'file.get': true,
  subscribe: true,
  unsubscribe: true,
  history: true,
};

describe('the declaration of types for clients', () => {
  it('includes every request', async () => {
    const test = await startTestApp();
    const types = test.app.get(FrameRouter).definitions.map(({ type }) => type);
    await test.close();
    expect(Object.keys(SAME_FIELDS).concat('ping').sort()).toEqual(types.sort());
  });
});
