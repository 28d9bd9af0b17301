// The backend: surveys and answers, kept in PostgreSQL.
'use strict';
const http = require('http');
const { connectByEnvironment } = require('./postgres');

const database = connectByEnvironment();
const OPERATION = /^\s*(query|mutation)?\s*\w*\s*\{\s*(\w+)\s*(?:\(([^)]*)\))?\s*(?:\{[\s\w]*\}\s*)?\}\s*$/;
const ARGUMENT = /(\w+)\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+)/g;

const FIELDS = {
  query: {
    __typename: async () => 'Query',
    surveys: async () => ({ count: await count('surveys') }),
    answers: async () => ({ count: await count('answers') }),
    answer: async ({ userId, questionId }) => {
      const rows = await database.query('SELECT content FROM answers WHERE "userId" = $1 AND "questionId" = $2', [userId, questionId]);
      return rows.length ? { content: rows[0][0] } : null;
    },
  },
  mutation: {
    answer: async ({ userId, questionId, content }) => {
      await database.query(
        'INSERT INTO answers("userId", "questionId", content) VALUES ($1, $2, $3) ON CONFLICT ("userId", "questionId") DO UPDATE SET content = excluded.content',
        [userId, questionId, content]);
      return { content };
    },
  },
};

async function count(table) {
  return Number((await database.query(`SELECT count(*) FROM ${table}`))[0][0]);
}

async function graphql(text) {
  const [, kind = 'query', field, given = ''] = OPERATION.exec(text) || [];
  const resolve = field && FIELDS[kind][field];
  if (!resolve) return [400, { errors: [{ message: 'this is no query that I know' }] }];
  const values = Object.fromEntries([...given.matchAll(ARGUMENT)].map(([, name, value]) => [name, JSON.parse(value)]));
  return [200, { data: { [field]: await resolve(values) } }];
}

async function answer(request) {
  const url = new URL(request.url, 'http://backend');
  if (url.pathname === '/health') {
    await database.query('SELECT 1');
    return [200, { status: 'ok' }];
  }
  if (url.pathname !== '/api/graphql') return [404, { errors: [{ message: 'there is nothing here' }] }];
  if (request.method !== 'POST') return graphql(url.searchParams.get('query') || '{ __typename }');
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    return await graphql(JSON.parse(Buffer.concat(chunks).toString()).query);
  } catch (e) {
    if (e instanceof SyntaxError) return [400, { errors: [{ message: 'this is no JSON' }] }];
    throw e;
  }
}

const server = http.createServer(async (request, response) => {
  let status;
  let body;
  try {
    [status, body] = await answer(request);
  } catch (e) {
    console.error(`${request.method} ${request.url}: ${e.message}`);
    [status, body] = [503, { errors: [{ message: 'the database does not answer' }] }];
  }
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
});

server.listen(3000, () => console.log('listening on port 3000'));
process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
