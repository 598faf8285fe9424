import Testing

@testable import HTTPServer

@Suite struct DrainSignalTests {
    @Test func `everybody who waits is woken, and nobody waits after`() async {
        let signal = DrainSignal()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<10 { group.addImmediateTask { await signal.wait() } }
            #expect(!signal.isRaised)
            signal.raise()
            await group.waitForAll()
        }
        #expect(signal.isRaised)
        await signal.wait()
    }

    @Test func `a cancellation ends the waiting, whether it comes before or after`() async {
        let signal = DrainSignal()
        await withTaskGroup(of: Void.self) { group in
            group.addImmediateTask { await signal.wait() }
            group.cancelAll()
            group.addImmediateTask { await signal.wait() }
            await group.waitForAll()
        }
        #expect(!signal.isRaised)
    }
}
