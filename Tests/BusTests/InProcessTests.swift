import Base
import Bus
import Synchronization
import Testing

@Suite struct InProcessTests {
    @Test func `expiry and buckets go by the clock that is given`() async throws {
        let clock = ManualClock()
        let bus = InProcessBus(clocks: clock.clocks)
        _ = try await bus.increment("n", by: 3, expiresAfter: .seconds(10))
        clock.advance(by: .seconds(9))
        #expect(try await bus.increment("n", by: 1, expiresAfter: .seconds(10)) == 4)
        clock.advance(by: .seconds(1))
        #expect(try await bus.get("n") == nil)
    }
}

@Suite struct BoundTests {
    @Test func `what expires first makes room`() async throws {
        let clock = ManualClock()
        let bus = InProcessBus(keysMax: 100, clocks: clock.clocks)
        try await bus.set("lasting", to: "v")
        for number in 1...500 { try await bus.set("\(number)", to: "v", expiresAfter: .seconds(number)) }
        #expect(try await bus.get("lasting") == "v")
        #expect(try await bus.get("1") == nil)
        #expect(try await bus.get("500") == "v")
    }

    @Test func `a subscriber is bounded by bytes too`() async throws {
        let bus = InProcessBus()
        let limits = SubscriptionLimits(messagesMax: 1000, bytesMax: 100)
        let subscription = await bus.subscribe(to: [.messages], limits: limits)
        for _ in 0..<11 { bus.publish([UInt8](repeating: 1, count: 10), to: .messages) }
        #expect(await subscription.next() == .gap(.overflow))
    }

    @Test func `a subscription that nobody holds is forgotten`() async {
        let hub = SubscriptionHub()
        let source = RecordingSource()
        do {
            let subscription = BusSubscription(hub: hub, source: source, limits: SubscriptionLimits())
            await subscription.add([.messages])
            #expect(hub.isListened(to: .messages))
        }
        #expect(!hub.isListened(to: .messages))
        #expect(source.forgotten == [.messages])
    }

    @Test func `a channel is given up with its last subscriber`() async {
        let (hub, source) = (SubscriptionHub(), RecordingSource())
        let one = BusSubscription(hub: hub, source: source, limits: SubscriptionLimits())
        let other = BusSubscription(hub: hub, source: source, limits: SubscriptionLimits())
        await one.add([.chat(1), .chat(2)])
        await other.add([.chat(1)])
        one.remove([.chat(1), .chat(2), .chat(3)])
        #expect(source.forgotten == [.chat(2)])
        other.cancel()
        #expect(source.forgotten == [.chat(2), .chat(1)])
    }

    @Test func `gaps that follow each other are one`() async {
        let (hub, source) = (SubscriptionHub(), RecordingSource())
        let subscription = BusSubscription(hub: hub, source: source, limits: SubscriptionLimits())
        await subscription.add([.chat(1)])
        for _ in 0..<3 { hub.gap(.reconnected, in: [.chat(1)]) }
        hub.deliver("m", to: .chat(1))
        #expect(await subscription.next() == .gap(.reconnected))
        #expect(await subscription.next() == .message(.chat(1), "m"))
    }
}

@Suite struct StateTests {
    @Test func `the time of a degradation is that of its first fault`() async {
        let clock = ManualClock()
        let board = BusStateBoard(.connected, clocks: clock.clocks)
        let began = clock.now
        #expect(board.degrade("one"))
        clock.advance(by: .seconds(5))
        #expect(!board.degrade("two"))
        #expect(board.current == .degraded(since: began, reason: "two"))
        #expect(board.connect())
        #expect(!board.connect())
    }

    @Test func `whoever watches sees the state of now and what follows`() async {
        let board = BusStateBoard(.connected)
        var states = board.watch().makeAsyncIterator()
        #expect(await states.next() == .connected)
        board.degrade("gone")
        board.connect()
        #expect(await states.next() == .connected)
    }
}

private final class RecordingSource: ChannelSource {
    private let channels = Mutex<[Channel]>([])

    var forgotten: [Channel] { channels.withLock { $0 } }

    func listen(to channels: [Channel]) async {}
    func forget(_ channels: [Channel]) { self.channels.withLock { $0 += channels } }
}
