-- Posts a Telegram update of a usual size; wrk reads this once for each of its threads.
local file = assert(io.open(os.getenv("BENCH_BODY")))
wrk.method = "POST"
wrk.body = file:read("a")
wrk.headers["Content-Type"] = "application/json"
file:close()
