import Base
import Bus
import BusRedis
import Reactor
import Testing

extension RedisTests {
    /// What happens when Redis goes, and when it comes back.
    @Suite struct OutageTests {
        @Test func `a killed server degrades the bus, and a new one heals it`() async throws {
            let server = try RedisProcess()
            let adjust: @Sendable (inout RedisSettings) -> Void = { $0.commandTimeout = .seconds(60) }
            try await withRedisBus("redis://127.0.0.1:\(server.port)", adjust) { bus async throws in
                let subscription = await bus.subscribe(to: .chat(1))
                server.kill()
                try await bus.waitUntilDegraded()
                let began = ContinuousClock.now
                await #expect(throws: BusError.self) { try await bus.increment("n") }
                #expect(ContinuousClock.now - began < .seconds(30))
                try server.start()
                let returned = ContinuousClock.now
                try await bus.waitUntilConnected()
                #expect(ContinuousClock.now - returned < .seconds(30))
                #expect(try await subscription.event() == .gap(.reconnected))
                #expect(try await bus.increment("n") == 1)
                bus.publish("again", to: .chat(1))
                #expect(try await subscription.event() == .message(.chat(1), "again"))
            }
        }

        @Test func `a frozen server is found out by calls`() async throws {
            let server = try RedisProcess()
            try await withRedisBus(
                "redis://127.0.0.1:\(server.port)", { $0.commandTimeout = .seconds(2) }
            ) { bus async throws in
                let subscription = await bus.subscribe(to: .chat(1))
                server.freeze()
                await #expect(throws: BusError.timedOut) { try await bus.increment("n") }
                try await bus.waitUntilDegraded()
                server.thaw()
                try await bus.waitUntilConnected()
                try await eventually("a count") { try await bus.increment("n") }
                try await hear("again", bus, subscription)
            }
        }

        /// Says something until it is heard: a connection that is only now found out misses what is said meanwhile.
        private func hear(_ text: String, _ bus: RedisBus, _ subscription: BusSubscription) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while true {
                        bus.publish(text, to: .chat(1))
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
                let heard = try await subscription.message().text
                #expect(heard == text)
                group.cancelAll()
                while await group.nextResult() != nil {}
            }
        }

        @Test func `a frozen server is found out in silence`() async throws {
            let server = try RedisProcess()
            let adjust: @Sendable (inout RedisSettings) -> Void = {
                $0.commandTimeout = .seconds(1)
                $0.pingInterval = .milliseconds(100)
            }
            try await withRedisBus("redis://127.0.0.1:\(server.port)", adjust) { bus async throws in
                let subscription = await bus.subscribe(to: .chat(1))
                server.freeze()
                try await bus.waitUntilDegraded()
                server.thaw()
                try await bus.waitUntilConnected()
                // The other connection may not have been found out before the thaw; a gap comes only if it was.
                try await hear("again", bus, subscription)
            }
        }

        @Test func `connections that are cut under load cost no crash and no wrong count`() async throws {
            let server = try RedisProcess()
            let proxy = TestListener.proxy(to: server.port)
            defer { proxy.end() }
            try await withRedisBus(
                "redis://127.0.0.1:\(proxy.port)", { $0.backoff = (.milliseconds(10), .milliseconds(100)) }
            ) { bus async throws in
                let subscription = await bus.subscribe(to: .messages)
                let succeeded = Tally()
                let attempted = Tally()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<10 {
                        group.addTask {
                            while !Task.isCancelled {
                                attempted.add()
                                do throws(BusError) {
                                    _ = try await bus.increment("n")
                                    succeeded.add()
                                    bus.publish("x", to: .messages)
                                } catch {
                                    #expect(error.isOutage)
                                    try await Task.sleep(for: .milliseconds(1))
                                }
                            }
                        }
                    }
                    for _ in 0..<10 {
                        let goal = succeeded.value + 20
                        try await eventually("progress") {
                            succeeded.value >= goal ? true : nil
                        }
                        proxy.cut()
                    }
                    group.cancelAll()
                    while let result = await group.nextResult() {
                        if case .failure(let error) = result { #expect(error is CancellationError) }
                    }
                }
                try await bus.waitUntilConnected()
                let count = try await eventually("a count") { try await bus.increment("n") }
                // What was answered was done; what was not may have been.
                #expect(count > succeeded.value)
                #expect(count <= attempted.value + 1)
                while try await subscription.event() != .gap(.reconnected) {}
            }
        }

        @Test func `a message that cannot leave reaches the subscribers of this node`() async throws {
            let metrics = Metrics()
            let server = try RedisProcess()
            try await withRedisBus("redis://127.0.0.1:\(server.port)", metrics: metrics) { bus async throws in
                let subscription = await bus.subscribe(to: .chat(1))
                server.kill()
                try await bus.waitUntilDegraded()
                bus.publish("near", to: .chat(1))
                #expect(try await subscription.event() == .message(.chat(1), "near"))
                #expect(metrics.counter("bus_messages_dropped_total", "").value == 1)
                try server.start()
                try await bus.waitUntilConnected()
                // The last of the two connections may be counted a moment after it serves.
                let reconnects = metrics.counter("bus_reconnects_total", "")
                try await eventually("two connections") { reconnects.value == 2 ? true : nil }
            }
        }

        @Test func `a degrading bus goes on alone and comes back`() async throws {
            let server = try RedisProcess()
            try await withRedisBus("redis://127.0.0.1:\(server.port)") { shared in
                let bus = DegradingBus(shared)
                #expect(try await bus.increment("n", by: 10, expiresAfter: nil) == 10)
                server.kill()
                try await shared.waitUntilDegraded()
                #expect(try await bus.increment("n") == 1)
                try await bus.set("k", to: "v")
                #expect(try await bus.get("k") == "v")
                let decision = try await bus.take("b", cost: 1, emissionInterval: .seconds(1), burst: 1)
                #expect(decision == .taken(remaining: 0))
                guard case .degraded = bus.state else {
                    Issue.record("degraded is not said")
                    return
                }
                try server.start()
                try await shared.waitUntilConnected()
                #expect(try await bus.get("k") == nil)
                #expect(try await bus.increment("n") == 1)
            }
        }

        @Test func `a subscription that was made without a server is live once there is one`() async throws {
            let server = try RedisProcess()
            server.kill()
            try await withRedisBus("redis://127.0.0.1:\(server.port)", waits: false) { bus async throws in
                let subscription = await bus.subscribe(to: .chat(1))
                try server.start()
                #expect(try await subscription.event() == .gap(.reconnected))
                bus.publish("live", to: .chat(1))
                try await bus.waitUntilConnected()
                #expect(try await subscription.message().text == "live")
            }
        }

        @Test func `more calls than may wait are refused at once`() async throws {
            let server = try RedisProcess()
            let adjust: @Sendable (inout RedisSettings) -> Void = {
                $0.pendingMax = 10
                // Far more than it takes until all of them have asked.
                $0.commandTimeout = .seconds(10)
            }
            try await withRedisBus("redis://127.0.0.1:\(server.port)", adjust) { bus async throws in
                server.freeze()
                let errors = await withTaskGroup(of: BusError?.self) { group in
                    for _ in 0..<30 {
                        group.addTask {
                            do throws(BusError) {
                                _ = try await bus.increment("n")
                                return nil
                            } catch { return error }
                        }
                    }
                    return await group.reduce(into: [BusError?]()) { $0.append($1) }
                }
                #expect(errors.count { $0 == .overloaded } == 20)
                // The first that times out takes the connection along, and with it those that have not yet.
                #expect(errors.count { $0 != .overloaded && $0?.isOutage == true } == 10)
                server.thaw()
            }
        }

        @Test(arguments: [
            "+OK\r\n", "garbage without end", "HTTP/1.1 400 Bad Request\r\n\r\n", "",
            "%1\r\n+version\r\n+7\r\n",
            "%2\r\n+version\r\n+7.0\r\n+mode\r\n+standalone\r\n+OK\r\n",
            "%2\r\n+version\r\n+7.0\r\n+mode\r\n+standalone\r\n>3\r\n+message\r\n:1\r\n:2\r\n",
            "%2\r\n+version\r\n+7.0\r\n+mode\r\n+standalone\r\n>2\r\n+subscribe\r\n+x\r\n",
            "%2\r\n+version\r\n+7.0\r\n+mode\r\n+standalone\r\n$999999999999\r\n",
            "*1000000000\r\n", "-ERR unknown command 'HELLO'\r\n", "\u{0}\u{1}\u{2}",
        ])
        func `a server that talks nonsense is left, and tried again`(speech: String) async throws {
            let talker = TestListener.talker([Array(speech.utf8)])
            defer { talker.end() }
            let adjust: @Sendable (inout RedisSettings) -> Void = {
                $0.commandTimeout = .milliseconds(50)
                $0.connectTimeout = .milliseconds(100)
                $0.pingInterval = .milliseconds(50)
                $0.backoff = (.milliseconds(5), .milliseconds(20))
            }
            try await withRedisBus("redis://127.0.0.1:\(talker.port)", adjust, waits: false) {
                bus async throws in
                _ = await bus.subscribe(to: .chat(1))
                try await eventually("more attempts") {
                    await #expect(throws: BusError.self) { try await bus.increment("n") }
                    return talker.connections > 6 ? true : nil
                }
            }
        }
    }
}
