-- The database of a survey application, as a small team has it. One parameter: the number of users.
-- 20,000 users give about 100 MB, 200,000 about 1 GB with 6 million answers.
-- Run it with psql: psql -v users=200000 -v ON_ERROR_STOP=1 -f dataset.sql DATABASE

create type user_role_enum as enum ('user', 'moderator', 'admin');
create type questions_type_enum as enum ('text', 'textarea', 'checkbox', 'radio', 'boolean', 'select');

create table migrations (id serial primary key, timestamp bigint not null, name varchar not null);
insert into migrations (timestamp, name) values (1736899200000, 'InitSchema1736899200000');

create table category (
  id serial primary key, name varchar(100) not null unique, "createdAt" timestamp not null default now());

create table users (
  id serial primary key,
  email varchar(254) not null unique,
  "hashedPassword" varchar(255) not null,
  firstname varchar(100) not null,
  lastname varchar(100) not null,
  role user_role_enum not null default 'user',
  "createdAt" timestamp not null default now(),
  "updatedAt" timestamp not null default now());

create table surveys (
  id serial primary key,
  title varchar(255) not null,
  description varchar(5000) not null,
  status varchar not null default 'draft',
  public boolean not null,
  "createdAt" timestamp not null default now(),
  "userId" int references users (id),
  "categoryId" int references category (id));

create table questions (
  id serial primary key,
  title varchar(1000) not null,
  type questions_type_enum not null default 'text',
  answers jsonb not null default '[]',
  "surveyId" int references surveys (id));

create table answers (
  "userId" int not null references users (id),
  "questionId" int not null references questions (id),
  content varchar(1000) not null,
  "createdAt" timestamp not null default now(),
  primary key ("userId", "questionId"));

insert into category (name) select 'category ' || n from generate_series(1, 40) n;

insert into users (email, "hashedPassword", firstname, lastname)
select 'person' || n || '@example.org', '$argon2id$v=19$' || md5(n::text) || md5((n * 3)::text),
       'given' || n % 1009, 'family' || n % 2003
from generate_series(1, :users) n;

insert into surveys (title, description, status, public, "userId", "categoryId")
select 'Survey ' || n, repeat('What do you think of ' || md5(n::text) || ' ? ', 4), 'published', true,
       1 + (n * 37) % :users, 1 + n % 40
from generate_series(1, :users / 4) n;

insert into questions (title, type, answers, "surveyId")
select 'Question ' || n || ' ' || md5(n::text), 'radio',
       jsonb_build_array(jsonb_build_object('value', 'yes ' || n % 100), jsonb_build_object('value', 'no'),
                         jsonb_build_object('value', 'maybe')),
       1 + n % (:users / 4)
from generate_series(1, :users * 2) n;

insert into answers ("userId", "questionId", content)
select person, 1 + ((person::bigint * 7907 + n * 104723) % (:users * 2))::int,
       'answer ' || md5((person::bigint * n)::text) || ' because ' || repeat(chr(97 + (person + n) % 26), 1 + (person + n) % 40)
from generate_series(1, :users) person, generate_series(1, 30) n
on conflict do nothing;

create index on answers ("questionId");
create index on questions ("surveyId");
create index on surveys ("userId");
analyze;
