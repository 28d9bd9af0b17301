-- For psql, with the variable users (4 at least): fills empty tables; 200000 make 1 GB and 6 million answers.
\set ON_ERROR_STOP on
BEGIN;
DROP INDEX "answers_questionId_idx", "questions_surveyId_idx", "surveys_userId_idx";
INSERT INTO users(email,"hashedPassword",firstname,lastname) SELECT 'u'||g||'@example.org', '$argon2id$v=19$'||md5(g::text)||md5((g*7)::text), 'first'||(g%997), 'last'||(g%1999) FROM generate_series(1,:users) g;
INSERT INTO surveys(title,description,status,public,"userId","categoryId") SELECT 'Survey '||g, repeat('How do you feel about '||md5(g::text)||' ? ', 4), 'published', true, 1+(g*31)%:users, 1+g%40 FROM generate_series(1,:users/4) g;
INSERT INTO questions(title,type,answers,"surveyId") SELECT 'Question '||g||' '||md5(g::text), 'radio', jsonb_build_array(jsonb_build_object('value','yes '||g%100),jsonb_build_object('value','no'),jsonb_build_object('value','maybe')), 1+g%(:users/4) FROM generate_series(1,:users*2) g;
INSERT INTO answers("userId","questionId",content) SELECT u, 1+((u::bigint*7919+q*104729)%(:users*2))::int, 'answer '||md5((u*q)::text)||' because '||repeat(chr(97+(u+q)%26),1+(u+q)%40) FROM generate_series(1,:users) u, generate_series(1,30) q ON CONFLICT DO NOTHING;
CREATE INDEX "answers_questionId_idx" ON answers("questionId");
CREATE INDEX "questions_surveyId_idx" ON questions("surveyId");
CREATE INDEX "surveys_userId_idx" ON surveys("userId");
COMMIT;
ANALYZE;
