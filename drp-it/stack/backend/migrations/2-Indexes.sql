CREATE INDEX IF NOT EXISTS "answers_questionId_idx" ON answers("questionId");
CREATE INDEX IF NOT EXISTS "questions_surveyId_idx" ON questions("surveyId");
CREATE INDEX IF NOT EXISTS "surveys_userId_idx" ON surveys("userId");
