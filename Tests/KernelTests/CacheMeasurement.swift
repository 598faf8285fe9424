import Foundation
import Kernel
import Testing

/// Prints what a hit costs: `HELIOGRAPH_MEASURE=1 swift test -c release -Xswiftc -enable-testing --filter CacheMeasurement`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["HELIOGRAPH_MEASURE"] == "1"))
struct CacheMeasurement {
    @Test func `what a hit costs`() async throws {
        let cache = Cache<String, Int>("test")
        let keys = (0..<1000).map { "account:\($0)" }
        for key in keys { _ = try await cache.value(for: key) { 1 } }
        let rounds = 2000
        var sum = 0
        for name in ["value", "cached"] {
            let began = ContinuousClock.now
            for _ in 0..<rounds {
                for key in keys {
                    sum += name == "value" ? try await cache.value(for: key) { 1 } : cache.cached(key) ?? 0
                }
            }
            let took = (ContinuousClock.now - began) / (rounds * keys.count)
            print("a hit by \(name): \(took)")
        }
        #expect(sum == 2 * rounds * keys.count)
    }
}
