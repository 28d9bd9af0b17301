// Brings the schema up to date: node migrate.js; or only tells what is missing: node migrate.js --pending
'use strict';
const fs = require('fs');
const path = require('path');
const { connectByEnvironment } = require('./postgres');

const FOLDER = path.join(__dirname, 'migrations');

async function run() {
  const database = connectByEnvironment();
  const known = (await database.query("SELECT to_regclass('migrations')"))[0][0] !== null;
  const applied = known ? (await database.query('SELECT name FROM migrations')).map(([name]) => name) : [];
  for (const file of fs.readdirSync(FOLDER).sort()) {
    const [, number, name] = /^(\d+)-(\w+)\.sql$/.exec(file);
    if (applied.includes(name)) continue;
    if (process.argv.includes('--pending')) {
      console.log(name);
      continue;
    }
    const sql = fs.readFileSync(path.join(FOLDER, file), 'utf8');
    await database.script(`BEGIN; ${sql}; INSERT INTO migrations(timestamp, name) VALUES (${number}, '${name}'); COMMIT;`);
    console.log(`applied ${name}`);
  }
  await database.end();
}

run().catch((e) => {
  console.error(`cannot migrate: ${e.message}`);
  process.exit(1);
});
