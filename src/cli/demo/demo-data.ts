/** A demo user. Their email is in a domain that cannot exist. */
export interface DemoUser {
  readonly username: string;
  readonly displayName: string;
  readonly bio: string;
  readonly location: string;
}

export interface DemoConversation {
  readonly key: string;
  readonly type: 'room' | 'group' | 'direct';
  readonly title?: string;
  readonly description?: string;
  readonly category?: string;
  /** User names; the first one creates the conversation. */
  readonly usernames: readonly string[];
  readonly lines: readonly DemoLine[];
}

export interface DemoLine {
  readonly by: string;
  readonly text: string;
}

/** The prefix of all user names, slugs and client message ids of the demo data. */
export const DEMO_PREFIX = 'demo-';

export const DEMO_USERS: readonly DemoUser[] = [
  { username: 'demo-mira', displayName: 'Mira Novak', bio: 'Keeps the office running.', location: 'Ljubljana' },
  { username: 'demo-jonas', displayName: 'Jonas Weber', bio: 'Backend, mostly at night.', location: 'Leipzig' },
  { username: 'demo-aisha', displayName: 'Aisha Khan', bio: 'Design. Ask me about type.', location: 'Manchester' },
  { username: 'demo-tomas', displayName: 'Tomás Silva', bio: 'Customers first.', location: 'Porto' },
  { username: 'demo-hana', displayName: 'Hana Sato', bio: 'Mobile apps and mountain huts.', location: 'Sapporo' },
  { username: 'demo-lukas', displayName: 'Lukas Meyer', bio: 'Operations.', location: 'Graz' },
  { username: 'demo-priya', displayName: 'Priya Nair', bio: 'Data, charts, and doubts.', location: 'Kochi' },
  { username: 'demo-owen', displayName: 'Owen Clark', bio: 'New here.', location: 'Cardiff' },
];

export function emailOf({ username }: Pick<DemoUser, 'username'>): string {
  return `${username}@demo.invalid`;
}

const ALL_USERNAMES = DEMO_USERS.map(({ username }) => username);

const TALK: readonly (readonly string[])[] = [
  ['Good morning! Is the coffee machine alive again?', 'It is. New seal, new life.', 'You are my hero ☕'],
  ['Who takes the call with Kestrel at two?', 'I can, but somebody from design should join.', 'I will come.'],
  ['The train is stuck again, I will be half an hour late.', 'No hurry, we start with the numbers.'],
  ['Lunch outside? The sun is out for once.', 'Yes!', 'Ten minutes, I have to finish this thought.', 'Same place?'],
  ['Has anybody seen the long HDMI cable?', 'Second drawer, under the plants.', 'Found it, thank you.'],
  ['Reminder: time sheets until Friday.', 'Done.', 'Done as well.', 'Working on it…'],
  ['Welcome Owen, first day today!', 'Hello everybody, glad to be here.', 'Welcome!', 'Welcome aboard 🎉'],
  ['The window on the third floor does not close.', 'I told the house, they come on Thursday.'],
];

const WORK: readonly (readonly string[])[] = [
  ['Release {n} is on staging.', 'Looking at it.', 'Login feels faster.', 'It is: one query less.'],
  ['Build {n} is red.', 'That is me, a missing migration.', 'Fixed, green again.'],
  ['p99 went from {n}0 to 38 ms over night.', 'What changed?', 'The index on created_at. Old plan, new plan.', 'Nice.'],
  [
    'Ticket {n}: uploads from old Android phones stop at 90 %.',
    'I can reproduce it.',
    'Timeout of the proxy.',
    'Raised it.',
  ],
  ['Do we keep the flag for the new editor?', 'Until release {n}, then it goes.', 'Agreed.'],
  ['Customer {n} asks for exports as CSV.', 'We have that, it is only hidden well.', 'Then we should show it.'],
  ['Restore test {n}: 14 minutes for everything.', 'Better than last month.', 'Still too long for my taste.'],
  ['Draft {n} of the onboarding is in the folder.', 'Page two says it all. Can page one go?', 'Brave. Yes.'],
];

const PLANTS: readonly (readonly string[])[] = [
  [
    'My tomatoes have spots, brown with a yellow ring.',
    'Early blight. Take the lower leaves off.',
    'Done, poor thing.',
  ],
  ['Basil on the north side: hopeless?', 'Try mint, it grows in a cellar.', 'Mint it is.'],
  ['Row {n} is full of slugs.', 'Copper tape.', 'Beer.', 'For them or for you?', 'Both.'],
  ['First figs! Photo follows.', 'In this climate?', 'South wall, and patience.'],
];

const CHAT: readonly (readonly string[])[] = [
  ['Do you have a minute?', 'Sure.', 'Could you look at my text for round {n}?', 'Send it over.', 'Thank you!'],
  ['Still on for Thursday?', 'Yes, eight at the station.', 'Bring a jacket, it gets cold up there.'],
  ['Happy birthday! 🎂', 'Thank you, how did you know?', 'The calendar knows everything.'],
  ['I have your umbrella.', 'I wondered. Keep it until it rains.'],
];

/** Builds `rounds` exchanges in which the users take turns. The result is the same in every run. */
function talk(
  usernames: readonly string[],
  pieces: readonly (readonly string[])[],
  rounds: number,
  first = 0,
): DemoLine[] {
  return Array.from({ length: rounds }, (_, round) => round + first).flatMap((round) =>
    pieces[round % pieces.length]!.map((text, turn) => ({
      by: usernames[(round * 3 + turn) % usernames.length]!,
      text: text.replace('{n}', String(40 + round)),
    })),
  );
}

function direct(one: string, other: string, rounds: number, first: number): DemoConversation {
  const usernames = [`${DEMO_PREFIX}${one}`, `${DEMO_PREFIX}${other}`];
  return { key: `${one}-${other}`, type: 'direct', usernames, lines: talk(usernames, CHAT, rounds, first) };
}

function group(
  key: string,
  title: string,
  names: readonly string[],
  lines: readonly (readonly string[])[],
): DemoConversation {
  const usernames = names.map((name) => `${DEMO_PREFIX}${name}`);
  return { key, type: 'group', title, usernames, lines: talk(usernames, lines, 12) };
}

/** The first one is the lobby, the room of all demo users. */
export const DEMO_CONVERSATIONS: readonly DemoConversation[] = [
  {
    key: 'lobby',
    type: 'room',
    title: 'Lobby',
    description: 'Everything that is for everybody.',
    category: 'office',
    usernames: ALL_USERNAMES,
    lines: talk(ALL_USERNAMES, TALK, 24),
  },
  {
    key: 'garden',
    type: 'room',
    title: 'Garden club',
    description: 'Balconies, allotments, and what eats them.',
    category: 'leisure',
    usernames: ALL_USERNAMES.slice(0, 5),
    lines: talk(ALL_USERNAMES.slice(0, 5), PLANTS, 14),
  },
  group('product', 'Product', ['aisha', 'tomas', 'hana', 'priya'], WORK),
  group('platform', 'Platform', ['jonas', 'lukas', 'hana', 'priya'], WORK.toReversed()),
  direct('mira', 'owen', 4, 0),
  direct('jonas', 'lukas', 5, 1),
  direct('aisha', 'hana', 3, 2),
  direct('tomas', 'priya', 4, 3),
  direct('mira', 'aisha', 2, 1),
];
