import Base
import Crypto

/// A script that runs on the server as one step.
struct RedisScript: Sendable {
    let text: Bytes
    /// The name under which a server that has seen the script knows it.
    let digest: Bytes

    private init(_ text: String) {
        self.text = Bytes(text)
        digest = Bytes(Hex.encode(SHA1.hash(self.text)))
    }

    /// Adds to a counter and gives it its expiry if it has none.
    static let increment = RedisScript(
        """
        local value = redis.call('INCRBY', KEYS[1], ARGV[1])
        if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
        return value
        """)

    /// `TokenBucket.take` by the server's clock: cost, interval in microseconds, burst.
    static let take = RedisScript(
        """
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
        local cost, interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local full = tonumber(redis.call('GET', KEYS[1]) or now)
        if full < now then full = now end
        local next = full + interval * cost
        local allowed = next - interval * burst
        if allowed > now then
            local left = math.floor((now - (full - interval * burst)) / interval)
            if left < 0 then left = 0 end
            return {0, left, string.format('%.0f', allowed - now)}
        end
        if next > now then
            redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
        end
        return {1, math.floor((now - allowed) / interval), '0'}
        """)
}
