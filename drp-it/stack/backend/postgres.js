// One connection to PostgreSQL, opened when it is needed and again after it was lost.
'use strict';
const crypto = require('crypto');
const net = require('net');

const LIMIT = 5000; // milliseconds, for each statement and for connecting

class Database {
  constructor({ host, port, user, password, database }) {
    Object.assign(this, { host, port, user, password, database });
    this.last = Promise.resolve();
  }

  // Statements of all callers, one after the other. Resolves to rows of texts.
  query(text, values = []) {
    return this.next(() => this.exchange(extended(text, values)));
  }

  // Several statements in one text, without values.
  script(text) {
    return this.next(() => this.exchange(message('Q', cstring(text))));
  }

  end() {
    return this.next(() => this.socket && this.socket.destroy());
  }

  next(work) {
    const result = this.last.then(work);
    this.last = result.catch(() => {});
    return result;
  }

  async exchange(bytes) {
    if (!this.socket || this.socket.destroyed) await this.connect();
    return this.talk(bytes);
  }

  connect() {
    this.socket = net.connect({ host: this.host, port: this.port });
    this.buffer = Buffer.alloc(0);
    const body = Buffer.concat([int32(196608), cstring('user'), cstring(this.user), cstring('database'), cstring(this.database), Buffer.from([0])]);
    return this.talk(Buffer.concat([int32(body.length + 4), body]));
  }

  // Sends, and collects rows until the server is ready for more.
  talk(bytes) {
    const socket = this.socket;
    return new Promise((resolve, reject) => {
      const rows = [];
      let failure;
      const timer = setTimeout(() => finish(new Error('the database did not answer in time')), LIMIT);
      const finish = (broken) => {
        clearTimeout(timer);
        socket.removeAllListeners();
        socket.on('error', () => {});
        if (broken) socket.destroy();
        if (broken || failure) reject(broken || failure);
        else resolve(rows);
      };
      const take = (type, body) => {
        if (type === 'D') rows.push(row(body));
        else if (type === 'R') this.authenticate(body);
        else if (type === 'E') failure = new Error(errorText(body));
        else if (type === 'Z') finish();
      };
      socket.on('error', finish);
      socket.on('close', () => finish(failure || new Error('the database hung up')));
      socket.on('data', (chunk) => {
        this.buffer = Buffer.concat([this.buffer, chunk]);
        while (this.buffer.length >= 5 && this.buffer.length > this.buffer.readInt32BE(1)) {
          const end = 1 + this.buffer.readInt32BE(1);
          const [head, body] = [String.fromCharCode(this.buffer[0]), this.buffer.subarray(5, end)];
          this.buffer = this.buffer.subarray(end);
          try {
            take(head, body);
          } catch (e) {
            finish(e);
          }
        }
      });
      socket.write(bytes);
    });
  }

  // SCRAM-SHA-256, as RFC 5802 has it.
  authenticate(body) {
    const kind = body.readInt32BE(0);
    const text = body.subarray(4).toString();
    if (kind === 0 || kind === 12) return;
    if (kind === 10) {
      this.first = `n=,r=${crypto.randomBytes(18).toString('base64')}`;
      const initial = Buffer.from(`n,,${this.first}`);
      this.socket.write(message('p', Buffer.concat([cstring('SCRAM-SHA-256'), int32(initial.length), initial])));
    } else if (kind === 11) {
      const { r, s, i } = Object.fromEntries(text.split(',').map((part) => [part[0], part.slice(2)]));
      const final = `c=biws,r=${r}`;
      const salted = crypto.pbkdf2Sync(this.password, Buffer.from(s, 'base64'), Number(i), 32, 'sha256');
      const key = hmac(salted, 'Client Key');
      const signature = hmac(crypto.createHash('sha256').update(key).digest(), `${this.first},${text},${final}`);
      const proof = Buffer.from(key.map((byte, at) => byte ^ signature[at])).toString('base64');
      this.socket.write(message('p', Buffer.from(`${final},p=${proof}`)));
    } else {
      throw new Error(`the database wants another kind of authentication: ${kind}`);
    }
  }
}

const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();

function int32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

const cstring = (text) => Buffer.concat([Buffer.from(text), Buffer.from([0])]);

const message = (type, body) => Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);

function extended(text, values) {
  const parameters = values.flatMap((value) => {
    const bytes = Buffer.from(String(value));
    return [int32(bytes.length), bytes];
  });
  return Buffer.concat([
    message('P', Buffer.concat([cstring(''), cstring(text), int16(0)])),
    message('B', Buffer.concat([cstring(''), cstring(''), int16(0), int16(values.length), ...parameters, int16(0)])),
    message('E', Buffer.concat([cstring(''), int32(0)])),
    message('S', Buffer.alloc(0)),
  ]);
}

function row(body) {
  const values = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.subarray(at, at + length).toString());
    at += Math.max(0, length);
  }
  return values;
}

const errorText = (body) => body.toString().split('\0').filter((field) => /^[SM]/.test(field)).map((field) => field.slice(1)).join(': ');

exports.connectByEnvironment = () => new Database({
  host: process.env.DATABASE_HOST || '127.0.0.1',
  port: 5432,
  user: process.env.POSTGRES_USER,
  password: process.env.POSTGRES_PASSWORD,
  database: process.env.POSTGRES_DB,
});
