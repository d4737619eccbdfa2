// Runs an asynchronous `task` again and again, never twice at a time: each run begins `every` ms after the one before began, or
// as soon as that one has ended. A run that fails is reported like any other error, and is not the last.
export function repeat(task, every) {
  const run = async () => {
    const start = performance.now();
    try {
      await task();
    } finally {
      setTimeout(run, Math.max(0, start + every - performance.now()));
    }
  };
  run();
}
