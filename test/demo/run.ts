/** Makes alice, bob, carol and a conversation on a running server, and prints lines that work. Twice is as good as once. */

interface Person {
  readonly name: string;
  readonly id: string;
  readonly token: string;
}

const url = addressFrom(process.argv.slice(2));
const api = `${url}/api/v1`;
const PASSWORD = 'demo-orbit-41-lamp-plum';

function addressFrom(args: string[]): string {
  const at = args.indexOf('--url');
  return (at >= 0 ? (args[at + 1] ?? '') : 'http://127.0.0.1:3000').replace(/\/$/, '');
}

async function call<T>(
  method: string,
  path: string,
  body?: object,
  token?: string,
): Promise<{ status: number; body: T }> {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as T };
}

async function person(name: string): Promise<Person> {
  const account = { email: `${name}@example.com`, username: name, password: PASSWORD };
  const registered = await call<object>('POST', '/auth/register', { ...account, display_name: title(name) });
  if (registered.status !== 201 && registered.status !== 409) fail(`${name} could not register`, registered.body);
  const login = await call<{ access_token: string; user: { id: string } }>('POST', '/auth/login', {
    username: name,
    password: PASSWORD,
  });
  if (login.status !== 200) fail(`${name} could not log in`, login.body);
  return { name, id: login.body.user.id, token: login.body.access_token };
}

/** The group of the demonstration: the one of the last time, if there is one. */
async function conversation(owner: Person, others: Person[]): Promise<string> {
  const wanted = { type: 'group', title: 'Demonstration', participant_ids: others.map(({ id }) => id) };
  const known = await call<{ data: { id: string; title: string }[] }>('GET', '/conversations', undefined, owner.token);
  const found = known.body.data.find((each) => each.title === wanted.title);
  if (found) return found.id;
  const created = await call<{ id: string }>('POST', '/conversations', wanted, owner.token);
  if (created.status !== 201) fail('the conversation could not be opened', created.body);
  return created.body.id;
}

function title(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function fail(what: string, answer: unknown): never {
  process.stderr.write(`${what}: ${JSON.stringify(answer)}\n`);
  process.exit(1);
}

const up = await fetch(`${url}/readyz`).catch(() => undefined);
if (!up?.ok) fail(`no server answers at ${url}: start one with npm start, or name it with -- --url`, up?.status);

const people = [await person('alice'), await person('bob'), await person('carol')];
const [alice, bob] = people as [Person, Person, Person];
const conversationId = await conversation(alice, people.slice(1));
await call('POST', `/conversations/${conversationId}/messages`, { content: 'Hello everybody' }, alice.token);

const socket = `${api.replace('http', 'ws')}/realtime`;
process.stdout.write(`
Three people (password of each: ${PASSWORD}) and a conversation:

${people.map(({ name, token }) => `export ${name.toUpperCase()}=${token}`).join('\n')}
export CONVERSATION=${conversationId}

alice writes over REST:

  curl -s ${api}/conversations/$CONVERSATION/messages -H "authorization: Bearer $ALICE" \\
    -H 'content-type: application/json' -d '{"content":"Hello from curl"}'

bob reads:

  curl -s ${api}/conversations/$CONVERSATION/messages -H "authorization: Bearer $BOB"

bob listens over plain WebSocket, and says something (run it in this folder, end it with Ctrl-C):

  node -e 'const {WebSocket}=require("ws");const s=new WebSocket("${socket}",{headers:{authorization:"Bearer "+process.env.BOB}});s.on("message",(m)=>console.log(String(m)));s.on("open",()=>s.send(JSON.stringify({type:"message.send",id:"1",data:{conversation_id:process.env.CONVERSATION,content:"Hello from a WebSocket"}})))'

carol listens over Socket.IO, and says something:

  node -e 'const {io}=require("socket.io-client");const s=io("${url}",{auth:{token:process.env.CAROL}});s.onAny((type,frame)=>console.log(JSON.stringify(frame)));s.on("live",()=>s.emit("message.send",{conversation_id:process.env.CONVERSATION,content:"Hello from Socket.IO"},(reply)=>console.log("stored:",reply.ok)))'

The same as a page to try every route: ${url}/docs (bob's token: ${bob.token.slice(0, 12)}…)
`);
