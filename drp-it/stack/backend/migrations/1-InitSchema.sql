CREATE TYPE questions_type_enum AS ENUM('text','textarea','checkbox','radio','boolean','select');
CREATE TYPE user_role_enum AS ENUM('user','moderator','admin');
CREATE TABLE users(id serial primary key, email varchar(254) not null unique, "hashedPassword" varchar(255) not null, firstname varchar(100) not null, lastname varchar(100) not null, role user_role_enum not null default 'user', "createdAt" timestamp not null default now(), "updatedAt" timestamp not null default now());
CREATE TABLE category(id serial primary key, name varchar(100) not null unique, "createdAt" timestamp not null default now());
CREATE TABLE surveys(id serial primary key, title varchar(255) not null, description varchar(5000) not null, status varchar not null default 'draft', public boolean not null, "createdAt" timestamp not null default now(), "userId" int references users(id), "categoryId" int references category(id));
CREATE TABLE questions(id serial primary key, title varchar(1000) not null, type questions_type_enum not null default 'text', answers jsonb not null default '[]', "surveyId" int references surveys(id));
CREATE TABLE answers("userId" int not null references users(id), "questionId" int not null references questions(id), content varchar(1000) not null, "createdAt" timestamp not null default now(), primary key("userId","questionId"));
CREATE TABLE migrations(id serial primary key, timestamp bigint not null, name varchar not null);
INSERT INTO category(name) SELECT 'cat '||g FROM generate_series(1,40) g;
