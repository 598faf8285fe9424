import Base
import BusRedis
import Testing

@Suite struct RedisURLTests {
    @Test func `a URL of one server`() throws {
        let url = try RedisURL("redis://worker:p%40ss%3Aword@cache.example:6380/3")
        #expect(url.endpoints == [RedisEndpoint(host: "cache.example", port: 6380)])
        #expect(url.user == "worker")
        #expect(url.password == Secret("p@ss:word"))
        #expect(url.database == 3)
        #expect(!url.isSecure && !url.isCluster)
    }

    @Test func `what is left out has its usual value`() throws {
        let url = try RedisURL("rediss://:word@cache")
        #expect(url.endpoints == [RedisEndpoint(host: "cache", port: 6379)])
        #expect(url.user == nil)
        #expect(url.password == Secret("word"))
        #expect(url.database == 0 && url.isSecure)
        #expect(try RedisURL("redis://cache/").password == nil)
    }

    @Test func `a URL of a cluster has several servers`() throws {
        let url = try RedisURL("rediss+cluster://u:p@a:1,[::1]:2,c")
        #expect(url.endpoints.map(\.description) == ["a:1", "[::1]:2", "c:6379"])
        #expect(url.isSecure && url.isCluster)
    }

    @Test(arguments: [
        "", "redis", "http://a", "redis://", "redis://a:0", "redis://a:x", "redis://a:70000", "redis://a,b",
        "redis://a/x", "redis://a/-1", "redis+cluster://a/1", "redis+cluster://a,,b", "redis://u@a",
        "redis://u:%zz@a", "redis://u:%f@a", "redis://a b", "redis://a/1/2",
    ])
    func `what is no URL of Redis is refused`(text: String) {
        #expect(throws: RedisURL.Mistake.self) { try RedisURL(text) }
    }
}
