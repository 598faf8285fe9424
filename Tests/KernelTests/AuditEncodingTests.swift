import Base
import Testing

@testable import Kernel

@Suite struct AuditEncodingTests {
    /// Random numbers that are the same in every run.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state ^ state >> 33) &* 0xff51_afd7_ed55_8ccd
        }
    }

    private struct Parts: Hashable {
        let number: Int64
        let time: Int64
        let texts: [Bytes?]
        let result: AuditResult
        let previous: Bytes
    }

    /// Few letters and short texts, so that texts often meet at their borders.
    private func text(_ random: inout Seeded) -> String {
        let letters = ["", "a", "b", "\u{1}", "ok", "e\u{301}", "é", "\u{0}"]
        return (0..<Int.random(in: 0...2, using: &random)).map { _ in
            letters.randomElement(using: &random) ?? ""
        }.joined()
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `two entries that differ are never encoded the same`(seed: UInt64) {
        var random = Seeded(state: seed)
        var seen: [Bytes: Parts] = [:]
        var entries = Set<Parts>()
        for _ in 0..<20_000 {
            let texts = (0..<8).map { $0 < 5 || Bool.random(using: &random) ? text(&random) : nil }
            let parts = Parts(
                number: Int64.random(in: 1...2, using: &random),
                time: Int64.random(in: -1...1, using: &random),
                texts: texts.map { $0.map { Bytes($0) } },
                result: AuditResult.allCases.randomElement(using: &random) ?? .ok,
                previous: Bool.random(using: &random) ? AuditEntry.origin : Bytes([1]))
            let content = AuditDraft(
                storedActor: texts[0] ?? "", actorName: texts[1] ?? "", address: texts[2] ?? "",
                credential: texts[3] ?? "", action: texts[4] ?? "", target: texts[5], result: parts.result,
                detail: texts[6], requestID: texts[7])
            let encoding = AuditEntry.encoding(
                parts.number, Timestamp(milliseconds: parts.time), content, previous: parts.previous)
            if let other = seen[encoding], other != parts {
                Issue.record("seed \(seed): \(other) and \(parts) are encoded the same")
            }
            seen[encoding] = parts
            entries.insert(parts)
        }
        #expect(seen.count == entries.count)
        #expect(seen.count > 10_000)
    }

    @Test func `the encoding is the one that stored hashes were made of`() {
        let entry = AuditEntry(
            1, Timestamp(milliseconds: 1_700_000_000_000),
            AuditDraft(
                actor: "user:7", actorName: "Ada", address: "127.0.0.1", credential: "token",
                action: "user.create", target: "user:8", detail: nil, requestID: "r1"),
            previous: AuditEntry.origin)
        #expect(Hex.encode(entry.hash) == "d2beba5781428094bbaccc81920d7ff4839eeec6ff7b7eac1a738e59667eade7")
    }
}
