-- Posts Telegram updates, each with a number of its own, spread over chats; wrk reads this once for each of its threads.
local threads = 0
function setup(thread)
    thread:set("number", threads * 100000000)
    threads = threads + 1
end

local file = assert(io.open(os.getenv("BENCH_BODY")))
local body = file:read("a")
file:close()
local head, tail = body:match('^(.-"id":)%-1001987654321(.*)$')
head = head:gsub('"update_id":%d+', '')

function request()
    number = number + 1
    local text = '{"update_id":' .. (tonumber(os.getenv("BENCH_FIRST")) + number) .. head:sub(2)
        .. -1001987000000 - number % 1000 .. tail
    return wrk.format("POST", nil, nil, text)
end

wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-Telegram-Bot-Api-Secret-Token"] = os.getenv("BENCH_SECRET")
