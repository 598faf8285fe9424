import Base
import BusRedis
import Testing
import Wire

@Suite struct SlotTests {
    /// As `CLUSTER KEYSLOT` says.
    @Test(arguments: [
        ("", 0), ("123456789", 12_739), ("foo", 12_182), ("{foo}bar", 12_182), ("a{foo}{bar}", 12_182),
        ("{}foo", 9500), ("foo{bar", 15_278), ("{{foo}}", 13_308),
    ])
    func `a key has its slot`(key: String, slot: Int) { #expect(HashSlot.slot(of: Bytes(key)) == slot) }

    private let source = RedisEndpoint(host: "asked", port: 1)

    private func range(_ first: Int64, _ last: Int64, _ host: RESPValue, _ port: Int64) -> RESPValue {
        .array([.integer(first), .integer(last), .array([host, .integer(port), .bytes("id"), .array([])])])
    }

    @Test func `a map tells who owns a slot`() throws {
        let reply = RESPValue.array([
            range(0, 8000, .bytes("a"), 1), range(8001, 8001, .null, 2), range(8002, 16_383, .bytes("b"), 3),
        ])
        var map = try #require(SlotMap(reply, from: source))
        #expect(map[0] == RedisEndpoint(host: "a", port: 1))
        #expect(map[8001] == RedisEndpoint(host: "asked", port: 2))
        #expect(map[16_383] == RedisEndpoint(host: "b", port: 3))
        #expect(map.masters.count == 3 && map.isComplete)
        map.move(5, to: RedisEndpoint(host: "b", port: 3))
        #expect(map[5] == RedisEndpoint(host: "b", port: 3))
        #expect(map.masters.count == 3)
    }

    @Test func `a map may have holes`() throws {
        let map = try #require(SlotMap(.array([range(0, 5, .bytes("a"), 1)]), from: source))
        #expect(map[6] == nil && !map.isComplete)
    }

    @Test func `what is no map is refused`() {
        let wrong: [RESPValue] = [
            .null, .integer(1), .array([.integer(1)]), .array([range(5, 4, .bytes("a"), 1)]),
            .array([range(0, 16_384, .bytes("a"), 1)]), .array([range(-1, 4, .bytes("a"), 1)]),
            .array([range(0, 4, .bytes("a"), 0)]), .array([range(0, 4, .bytes("a"), 70_000)]),
            .array([.array([.integer(0), .integer(1)])]),
        ]
        for reply in wrong { #expect(SlotMap(reply, from: source) == nil) }
    }

    @Test(arguments: [
        (
            "MOVED 3999 127.0.0.1:6381",
            RedisRefusal.moved(slot: 3999, to: RedisEndpoint(host: "127.0.0.1", port: 6381))
        ),
        ("MOVED 1 :6381", .moved(slot: 1, to: RedisEndpoint(host: "", port: 6381))),
        ("ASK 3 2001:db8::1:6381", .ask(slot: 3, at: RedisEndpoint(host: "2001:db8::1", port: 6381))),
        ("MOVED 16384 a:1", .other("MOVED 16384 a:1")), ("MOVED x a:1", .other("MOVED x a:1")),
        ("MOVED 1", .other("MOVED 1")), ("MOVED 1 a:0", .other("MOVED 1 a:0")),
        ("TRYAGAIN multiple keys", .later("TRYAGAIN multiple keys")), ("NOSCRIPT none", .noScript),
        ("CLUSTERDOWN no", .clusterDown("CLUSTERDOWN no")), ("READONLY no", .stale("READONLY no")),
        ("", .other("")),
    ])
    func `a refusal says what to do`(text: String, refusal: RedisRefusal) {
        #expect(RedisRefusal(Bytes(text)) == refusal)
    }
}
