import Base
import Foundation
import Kernel
import Reactor
import Testing

/// Prints what a decision costs: `HELIOGRAPH_MEASURE=1 swift test -c release -Xswiftc -enable-testing --filter RateLimitMeasurement`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["HELIOGRAPH_MEASURE"] == "1"))
struct RateLimitMeasurement {
    @Test func `what a decision in this process costs`() async throws {
        var policy = RatePolicy()
        policy.caller = .init(100_000, each: .seconds(1), burst: 100_000)
        policy.address = policy.caller
        let limits = RateLimits(policy)
        let subjects: [(String?, RateAddress)] = (0..<1000).map {
            ("user:\($0)", RateAddress(.v4(UInt32($0), port: 1)))
        }
        let rounds = 1000
        var refused = 0
        for name in ["a signed-in caller", "an address"] {
            let began = ContinuousClock.now
            for _ in 0..<rounds {
                for (subject, address) in subjects {
                    let subject = name == "an address" ? nil : subject
                    let decision = await limits.decide(.interactive, subject: subject, address: address)
                    if decision.remaining == 0 { refused += 1 }
                }
            }
            let took = (ContinuousClock.now - began) / (rounds * subjects.count)
            print("a decision about \(name): \(took)")
        }
        #expect(refused == 0)
    }
}
