import Base
import Foundation
import Testing

@Suite struct LogTests {
    private let collector = LogCollector()

    private func logger(_ format: Log.Format = .json, level: LogLevel = .trace) -> Logger {
        Logger("test", Log(to: collector, format: format, level: level, clocks: ManualClock().clocks))
    }

    private func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test func `a JSON line has time, level, logger, message and fields in this order`() {
        logger().warning(
            "slow answer",
            [
                "path": "/a", "status": 200, "ok": true, "seconds": .duration(.milliseconds(1500)),
                "share": .real(0.5),
                "at": .time(Timestamp(seconds: 0)), "raw": .bytes([0x61, 0xff]), "odd": .real(.nan),
            ])
        #expect(
            collector.lines == [
                #"{"time":"2026-01-02T03:04:05.006Z","level":"warning","logger":"test","message":"slow answer","#
                    + #""path":"/a","status":200,"ok":true,"seconds":1.5,"share":0.5,"at":"1970-01-01T00:00:00.000Z","#
                    + "\"raw\":\"a\u{FFFD}\",\"odd\":\"nan\"}"
            ])
    }

    @Test func `a text line is for people`() {
        logger(.text(isColoured: false)).info(
            "started", ["on": "127.0.0.1:80", "as": "two words", "none": ""])
        #expect(
            collector.lines == [
                #"2026-01-02T03:04:05.006Z INFO    test: started on=127.0.0.1:80 as="two words" none="""#
            ])
    }

    @Test func `colours frame the level and dim the keys`() {
        logger(.text(isColoured: true)).error("failed", ["a": 1])
        #expect(
            collector.lines == [
                "2026-01-02T03:04:05.006Z \u{1b}[31mERROR  \u{1b}[0m test: failed \u{1b}[2ma=\u{1b}[0m1"
            ])
    }

    @Test(arguments: [
        "\n", "\r\n", "\u{0}", "\u{1b}[31m", "\u{7f}", "\u{85}", "\u{9b}2J", "\u{2028}", "\u{2029}",
        "\u{202e}",
        "\u{2066}", "\"", "\\", "é", "€", "\u{2027}", "\u{206a}", "😀", "\u{a0}",
    ])
    func `no text can end the line or steer a terminal, and none is changed`(text: String) throws {
        logger().info("a\(text)b", ["k\(text)": .string("c\(text)d")])
        logger(.text(isColoured: false)).info("a\(text)b", ["k\(text)": .string("c\(text)d")])
        for line in collector.lines {
            let isHarmless = line.unicodeScalars.allSatisfy {
                !($0.value < 0x20 || (0x7f..<0xa0).contains($0.value) || (0x2028...0x202e).contains($0.value)
                    || (0x2066...0x2069).contains($0.value))
            }
            #expect(isHarmless)
        }
        let object = try object(try #require(collector.lines.first))
        #expect(object["message"] as? String == "a\(text)b")
        #expect(object["k\(text)"] as? String == "c\(text)d")
    }

    @Test func `any text stays a valid object`() throws {
        var generator = Seeded(11)
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            logger().info(text, [text: .string(text)])
            #expect(try object(try #require(collector.lines.last))["message"] as? String == text)
        }
    }

    @Test func `a long text is cut between characters`() throws {
        logger().info(String(repeating: "€", count: 10_000))
        let message = try object(try #require(collector.lines.first))["message"] as? String
        #expect(message == String(repeating: "€", count: 8192 / 3) + "…")
    }

    @Test func `a secret shows as its mask in a field, a message and inside of another value`() {
        let secret = Secret("hunter2")
        struct Holder { let password: Secret }
        logger().info(
            "with \(secret)",
            ["a": LogValue(secret), "b": "\(secret)", "c": LogValue(describing: Holder(password: secret))])
        #expect(collector.lines.allSatisfy { !$0.contains("hunter2") && $0.contains("•••") })
    }

    @Test func `a field cannot take the place of what the line says itself`() throws {
        logger().info("real", ["message": "forged", "level": "error", "request_id": "x"])
        let object = try object(try #require(collector.lines.first))
        #expect(object["message"] as? String == "real")
        #expect(object["message_"] as? String == "forged")
        #expect(object["level"] as? String == "info")
        #expect(object["request_id"] == nil)
    }

    @Test func `a logger's own fields come first, and later ones of the same name win`() {
        logger().with(["a": 1, "b": 2]).with(["b": 3]).info("x", ["c": 4, "a": 5])
        #expect(collector.lines.first?.hasSuffix(#""message":"x","b":3,"c":4,"a":5}"#) == true)
    }

    @Test func `the context of the task is part of its lines`() throws {
        let parent = try #require(TraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        let id = IDSource(seed: 1).requestID()
        let context = TraceContext(requestID: id, correlationID: "order-7", parent: parent)
        TraceContext.$current.withValue(context) {
            logger().info("x")
            logger(.text(isColoured: false)).info("x")
        }
        logger().info("y")
        let object = try object(collector.lines[0])
        #expect(object["request_id"] as? String == id.description)
        #expect(object["correlation_id"] as? String == "order-7")
        #expect(object["trace_id"] as? String == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(object["span_id"] as? String == "00f067aa0ba902b7")
        #expect(collector.lines[1].hasSuffix("test: x request=\(id) correlation=order-7"))
        #expect(!collector.lines[2].contains("request_id"))
    }

    @Test func `what is below the level is neither written nor made`() {
        let logger = logger(level: .warning)
        func costly() -> String {
            Issue.record("made for nothing")
            return ""
        }
        logger.info(costly(), ["a": .string(costly())])
        logger.trace(costly())
        logger.error("b")
        #expect(collector.lines.count == 1)
        #expect(!logger.isEnabled(.info))
        #expect(logger.isEnabled(.warning))
    }

    @Test func `the level can change while the program runs`() {
        let log = Log(to: collector, level: .error)
        let logger = Logger("test", log)
        logger.debug("a")
        log.level = .debug
        logger.debug("b")
        log.level = nil
        logger.error("c")
        #expect(collector.lines.count == 1)
    }

    @Test func `a silent logger says nothing`() { Logger.silent.error("a") }

    @Test func `levels have names and an order`() {
        #expect(LogLevel.allCases.map(\.name) == ["trace", "debug", "info", "warning", "error"])
        #expect(LogLevel(name: "warning") == .warning)
        #expect(LogLevel(name: "WARNING") == nil)
        #expect(LogLevel.debug < .info)
    }
}
