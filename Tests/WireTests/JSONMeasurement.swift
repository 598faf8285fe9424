import Base
import Foundation
import Testing
import Wire

/// How fast a Telegram update of 660 bytes is read; off by default.
///
/// `HELIOGRAPH_MEASURE=1 swift test -c release -Xswiftc -enable-testing --filter JSONMeasurement`
@Suite(.enabled(if: ProcessInfo.processInfo.environment["HELIOGRAPH_MEASURE"] == "1"), .serialized)
struct JSONMeasurement {
    static let update = Bytes(
        #"""
        {"update_id":823456789,"message":{"message_id":12345,"from":{"id":5123456789,"is_bot":false,"first_name":
        "Марина","last_name":"Ivanova","username":"marina_i","language_code":"ru","is_premium":true},"chat":{"id":
        -1001234567890,"title":"Support & Friends","username":"support_friends","type":"supergroup"},"date":1731234567,
        "message_thread_id":77,"reply_to_message":{"message_id":12340,"from":{"id":777000,"is_bot":true,"first_name":
        "Bot"},"chat":{"id":-1001234567890,"type":"supergroup"},"date":1731234500,"text":"How can we help?"},"text":
        "Hello! I can\u2019t log in \ud83d\ude00 \"since\" yesterday.","entities":[{"offset":0,"length":6,"type":
        "bold"}]}}
        """#)

    /// The best of forty rounds: on a shared machine the others measure the neighbours.
    private func measure(_ name: String, _ body: () throws -> Int) rethrows {
        let clock = ContinuousClock()
        var best = Duration.seconds(1_000_000)
        var sum = 0
        let count = 10_000
        for _ in 0..<40 {
            let start = clock.now
            for _ in 0..<count { sum &+= try body() }
            best = min(best, clock.now - start)
        }
        let seconds = best / .seconds(1) / Double(count)
        print("\(name): \(Int(1 / seconds)) a second, \(Int(seconds * 1e9)) ns (\(sum & 1))")
    }

    @Test func `an update is parsed and six fields are read`() throws {
        let parser = JSONParser()
        try measure("parse") { try parser.parse(Self.update).root.isNull ? 1 : 0 }
        try measure("parse, 6 fields") {
            let document = try parser.parse(Self.update)
            let message = document["message"]
            var sum = document["update_id"]?.int64 ?? 0
            sum &+= message?["message_id"]?.int64 ?? 0
            sum &+= message?["chat"]?["id"]?.int64 ?? 0
            sum &+= message?["from"]?["id"]?.int64 ?? 0
            sum &+= message?["date"]?.int64 ?? 0
            return Int(truncatingIfNeeded: sum) &+ (message?["text"]?.string?.utf8.count ?? 0)
        }
    }

    @Test func `an object is written`() {
        measure("write 7 fields") {
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("update_id", 823_456_789)
                writer.key("message")
                writer.object { writer in
                    writer.field("message_id", 12345)
                    writer.field("chat_id", -1_001_234_567_890)
                    writer.field("type", "supergroup")
                    writer.field("text", "Hello! I can’t log in 😀 \"since\" yesterday.")
                    writer.field("date", 1_731_234_567)
                }
            }
            return writer.finish().count
        }
    }

    struct User: Codable {
        var id: Int64
        var first_name: String
        var username: String?
    }

    struct Message: Codable {
        var message_id: Int64
        var from: User?
        var date: Int64
        var text: String?
    }

    struct Update: Codable {
        var update_id: Int64
        var message: Message?
    }

    @Test func `an update is decoded and encoded`() throws {
        try measure("decode 9 properties") {
            Int(try JSON.decode(Update.self, from: Self.update).update_id)
        }
        let update = try JSON.decode(Update.self, from: Self.update)
        try measure("encode 9 properties") { try JSON.encode(update).count }
    }
}
