// Runs once for each release, before anything else changes: the place for database migrations.
console.log(`Release ${process.env.TASUKI_RELEASE ?? '?'}: nothing to migrate`)
