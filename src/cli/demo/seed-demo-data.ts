import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { INestApplicationContext } from '@nestjs/common';
import sharp from 'sharp';
import { CreateConversation } from '../../modules/conversations/create-conversation.js';
import { ConversationsService } from '../../modules/conversations/conversations.service.js';
import { FilesService } from '../../modules/files/files.service.js';
import { TempUploads } from '../../modules/files/storage/temp-uploads.js';
import { MessageQueriesService } from '../../modules/messages/message-queries.service.js';
import { MessagesService } from '../../modules/messages/messages.service.js';
import { ReactionsService } from '../../modules/messages/reactions/reactions.service.js';
import { ReadState } from '../../modules/participants/read-state.js';
import { UsersService } from '../../modules/users/users.service.js';
import type { Actor } from '../../platform/identity/actor.js';
import { createAccount, actorWithNewSession } from '../accounts.js';
import { DEMO_CONVERSATIONS, DEMO_USERS, DEMO_PREFIX, type DemoConversation, emailOf } from './demo-data.js';

const SESSION_SECONDS = 600;
const REACTIONS = ['👍', '🎉', '😄', '❤️', '👀'];
/** The intervals, in lines, of reactions and of replies to the previous line. */
const REACTION_EVERY = 7;
const REPLY_EVERY = 9;
const FILE_READY_MS = 30_000;

/** The demo data after a seed, created by this run or an earlier one. */
export interface SeededDemoData {
  readonly users: number;
  readonly newUsers: number;
  readonly conversations: number;
  readonly messages: number;
  /** The room of all demo users. */
  readonly lobbyId: string;
}

/**
 * Creates demo data through the services, as clients would. Existing data is left unchanged: users are found by name,
 * conversations by slug or title, messages by their client message id.
 */
export class DemoSeeder {
  private readonly actors = new Map<string, Actor>();
  private messages = 0;

  constructor(
    private readonly app: INestApplicationContext,
    private readonly password: string,
  ) {}

  async seed(): Promise<SeededDemoData> {
    const newUsers = await this.createUsers();
    const ids: string[] = [];
    for (const conversation of DEMO_CONVERSATIONS) ids.push(await this.createConversation(conversation));
    const { length: users } = DEMO_USERS;
    const { length: conversations } = DEMO_CONVERSATIONS;
    return { users, newUsers, conversations, messages: this.messages, lobbyId: ids[0]! };
  }

  private async createUsers(): Promise<number> {
    const users = this.get(UsersService);
    let created = 0;
    for (const person of DEMO_USERS) {
      const known = await users.findByLogin(person.username);
      if (!known) {
        await createAccount(this.app, { ...person, email: emailOf(person), password: this.password }, 'user');
        created += 1;
      }
      const actor = await actorWithNewSession(this.app, person.username, SESSION_SECONDS);
      this.actors.set(person.username, actor);
      if (!known) await users.updateProfile(actor, { bio: person.bio, location: person.location });
    }
    return created;
  }

  /** Creates the conversation and its messages, and returns its id. */
  private async createConversation(conversation: DemoConversation): Promise<string> {
    const id = await this.findOrCreateConversation(conversation);
    const sent: string[] = [];
    for (const [index, { by, text }] of conversation.lines.entries()) {
      const reply_to_id = index % REPLY_EVERY === REPLY_EVERY - 1 ? sent.at(-1) : undefined;
      const dto = { content: text, client_message_id: `${DEMO_PREFIX}${conversation.key}-${index}`, reply_to_id };
      const { message } = await this.get(MessagesService).send(this.actor(by), id, dto);
      sent.push(message.id);
      if (index % REACTION_EVERY === 3) await this.reactTo(conversation, sent.at(-1)!, index);
    }
    this.messages += sent.length;
    if (conversation.type !== 'direct') await this.sendFiles(conversation, id);
    // All users except the last one have read everything, so that there are unread messages.
    for (const name of conversation.usernames.slice(0, -1)) {
      await this.get(ReadState).markRead(this.actor(name), id, { message_id: sent.at(-1) });
    }
    return id;
  }

  private async findOrCreateConversation({
    key,
    type,
    title,
    description,
    category,
    usernames,
  }: DemoConversation): Promise<string> {
    const creator = this.actor(usernames[0]!);
    const known =
      title === undefined ? [] : (await this.get(ConversationsService).list(creator, { type, search: title })).data;
    const existing = known.find(
      (conversation) => conversation.title === title && conversation.created_by === creator.userId,
    );
    if (existing) return existing.id;
    const participant_ids = usernames.slice(1).map((name) => this.actor(name).userId);
    const room = type === 'room' ? { slug: `${DEMO_PREFIX}${key}`, category } : {};
    const created = await this.get(CreateConversation).create(creator, {
      type,
      title,
      description,
      participant_ids,
      ...room,
    });
    return created.id;
  }

  private async reactTo({ usernames }: DemoConversation, messageId: string, index: number): Promise<void> {
    const emoji = REACTIONS[index % REACTIONS.length]!;
    for (const name of usernames.slice(0, 1 + (index % 3))) {
      await this.get(ReactionsService).react(this.actor(name), messageId, emoji);
    }
  }

  /** Sends a text file and an image. An existing message already has its file: a new upload would change the body. */
  private async sendFiles({ key, title, usernames }: DemoConversation, id: string): Promise<void> {
    const creator = this.actor(usernames[0]!);
    const hue = 40 * DEMO_CONVERSATIONS.findIndex((conversation) => conversation.key === key);
    const picture = await sharp(Buffer.from(drawing(title ?? key, hue)))
      .png()
      .toBuffer();
    const files = [
      {
        name: `${key}-notes.txt`,
        type: 'text/plain',
        bytes: Buffer.from(`${title}\n\n- what we agreed\n- what is open\n`),
      },
      { name: `${key}.png`, type: 'image/png', bytes: picture },
    ];
    const { data } = await this.get(MessageQueriesService).list(creator, id, { limit: 100, sender_id: creator.userId });
    for (const { name, type, bytes } of files) {
      this.messages += 1;
      const clientMessageId = `${DEMO_PREFIX}${name}`;
      if (data.some(({ client_message_id }) => client_message_id === clientMessageId)) continue;
      const attachment = await this.upload(creator, name, type, bytes);
      const dto = { content: 'Here it is.', client_message_id: clientMessageId, attachment_ids: [attachment] };
      await this.get(MessagesService).send(creator, id, dto);
    }
  }

  private async upload(actor: Actor, name: string, type: string, bytes: Buffer): Promise<string> {
    const path = this.get(TempUploads).createPath();
    await writeFile(path, bytes, { mode: 0o600 });
    const contentHash = createHash('sha256').update(bytes).digest('hex');
    const files = this.get(FilesService);
    const { signal: ended } = new AbortController();
    const { id } = await files.upload(actor, { path, name, declaredType: type, contentHash, ended }, {});
    const deadline = Date.now() + FILE_READY_MS;
    while ((await files.get(actor, id)).status === 'scanning' && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return id;
  }

  private actor(username: string): Actor {
    return this.actors.get(username)!;
  }

  private get<T>(service: abstract new (...parameters: never[]) => T): T {
    return this.app.get<T>(service as never, { strict: false });
  }
}

function drawing(title: string, hue: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="480" height="270">
    <rect width="480" height="270" fill="hsl(${hue}, 55%, 60%)"/>
    <circle cx="370" cy="90" r="60" fill="hsl(${hue + 60}, 70%, 75%)"/>
    <text x="30" y="230" font-family="sans-serif" font-size="44" fill="white">${title}</text>
  </svg>`;
}
