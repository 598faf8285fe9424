import Base
import Testing
@testable import Wire

@Suite struct HTTP1PropertyTests {
    private static let seeds = [
        "GET /a/b?c=d HTTP/1.1\r\nHost: example.test\r\nAccept: */*\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello worldGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nSum: 1\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\u{1}\u{2}",
    ]
    private static let spice: [[UInt8]] = [
        "\r", "\n", "\r\n", " ", "\t", ":", "\0", "0", "ffffffffffffffff", ";", ",", "chunked",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n", "HTTP/1.1", "\u{e9}",
    ].map { Array($0.utf8) }

    private static func mutate(_ bytes: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1 where place < bytes.count: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: spice.randomElement(using: &random) ?? [], at: place)
            default:
                let end = Int.random(in: place...bytes.count, using: &random)
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            }
        }
        return bytes
    }

    @Test(arguments: 1...8)
    func `what was damaged never crashes it, and is read the same in whole and in pieces`(
        seed: UInt64
    ) {
        var random = Seeded(seed)
        for _ in 0..<2500 {
            let bytes = Self.mutate(Array((Self.seeds.randomElement(using: &random) ?? "").utf8), &random)
            let whole = HTTP1Outcome([bytes[...]])
            var pieces: [ArraySlice<UInt8>] = []
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 1...20, using: &random))
                pieces.append(bytes[start..<end])
                start = end
            }
            let parts = HTTP1Outcome(pieces)
            let same = whole.messages == parts.messages && (whole.failure == nil) == (parts.failure == nil)
            #expect(same, "seed \(seed): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
    }

    @Test(arguments: 1...4) func `what is accepted has lines that nobody can read otherwise`(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<4000 {
            let bytes = Self.mutate(Array(Self.seeds[0].utf8), &random)
            let outcome = HTTP1Outcome([bytes[...]])
            guard outcome.failure == nil, outcome.messages.count == 1, !outcome.isInMessage else { continue }
            // Empty lines may stand before the head; what stands behind it belongs to the next.
            let head = bytes.drop { $0 == 0x0d || $0 == 0x0a }
            for line in head.split(separator: 0x0a, omittingEmptySubsequences: false) {
                if line == [0x0d] { break }
                let isSound = line.last == 0x0d && !line.dropLast().contains(0x0d) && !line.contains(0)
                let begins = line.first.map { !Array(" \t:".utf8).contains($0) } ?? false
                #expect(
                    isSound && begins,
                    "seed \(seed): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
            }
        }
    }
}

/// Numbers that look random and are the same in every run.
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
