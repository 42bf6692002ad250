// The third migration: which test examples each run's final weights got right. Frozen.

/// SQL of the third migration.
enum CorrectnessSchema {
  static let sql = """
    -- One bit for each test example, in the order of the test set: the first example is the lowest
    -- bit of the first byte. A set bit is a right answer.
    CREATE TABLE correctness (
      attemptId INTEGER PRIMARY KEY REFERENCES attempt(id) ON DELETE CASCADE,
      step INTEGER NOT NULL,
      count INTEGER NOT NULL,
      testChecksum TEXT NOT NULL,
      bits BLOB NOT NULL
    );
    """
}
