import Base
import Bus
import Testing

extension RedisTests {
    /// What every bus does, whatever it stands on.
    @Suite struct ConformanceTests {
        @Test(arguments: Backend.allCases)
        func `a message reaches the subscribers of every node`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let near = await one.subscribe(to: .chat(1))
                let far = await other.subscribe(to: .chat(1), .messages)
                one.publish("hello", to: .chat(1))
                #expect(try await near.event() == .message(.chat(1), "hello"))
                #expect(try await far.event() == .message(.chat(1), "hello"))
            }
        }

        @Test(arguments: Backend.allCases)
        func `messages of a channel arrive in their order`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let subscription = await other.subscribe(to: .bot("7"))
                for number in 0..<500 { one.publish("\(number)", to: .bot("7")) }
                for number in 0..<500 {
                    #expect(try await subscription.event() == .message(.bot("7"), Bytes("\(number)")))
                }
            }
        }

        @Test(arguments: Backend.allCases)
        func `nothing of other channels arrives`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let subscription = await other.subscribe(to: .account(1))
                one.publish("not for you", to: .account(2))
                one.publish("not for you", to: .chat(1))
                one.publish("for you", to: .account(1))
                #expect(try await subscription.message().text == "for you")
            }
        }

        @Test(arguments: Backend.allCases)
        func `channels come and go while the subscription lasts`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let (first, second, third) = (Channel("a"), Channel("b"), Channel("c"))
                let subscription = await other.subscribe(to: first)
                await subscription.add([second])
                subscription.remove([first])
                one.publish("1", to: second)
                #expect(try await subscription.message().text == "1")
                await subscription.add([third])
                one.publish("gone", to: first)
                one.publish("2", to: third)
                #expect(try await subscription.message() == (third, "2"))
                await subscription.add([first])
                one.publish("3", to: first)
                // In a cluster, messages of different channels may overtake each other, and the old one come late.
                var message = try await subscription.message()
                if message.text == "gone" { message = try await subscription.message() }
                #expect(message == (first, "3"))
            }
        }

        @Test(arguments: Backend.allCases)
        func `one subscription has a thousand channels`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let channels = (0..<1000).map { Channel.chat($0) }
                let subscription = await other.subscribe(to: channels)
                for channel in channels { one.publish("\(channel)", to: channel) }
                var seen: Set<Channel> = []
                while seen.count < 1000 {
                    let (channel, text) = try await subscription.message()
                    #expect(channel.name == text)
                    #expect(seen.insert(channel).inserted)
                }
            }
        }

        @Test(arguments: Backend.allCases)
        func `a slow subscriber finds a gap instead of what did not fit`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let limits = SubscriptionLimits(messagesMax: 10)
                let slow = await other.subscribe(to: [.messages], limits: limits)
                let quick = await other.subscribe(to: .messages)
                for number in 0..<15 { one.publish("\(number)", to: .messages) }
                for _ in 0..<15 { _ = try await quick.message() }
                // Whoever has all fifteen has them after the slow one was given them, or at the same moment.
                #expect(try await eventually("the gap") { try await slow.event() } == .gap(.overflow))
                one.publish("last", to: .messages)
                var texts: [String] = []
                while texts.last != "last" { texts.append(try await slow.message().text) }
                #expect(texts.count <= 6)
            }
        }

        @Test(arguments: Backend.allCases)
        func `cancelling ends a subscription that waits`(backend: Backend) async throws {
            try await withBuses(backend) { one, _ async throws in
                let subscription = await one.subscribe(to: .messages)
                async let end = within("the end") { await subscription.next() }
                subscription.cancel()
                let last = try await end
                #expect(last == nil)
                let task = Task { [other = await one.subscribe(to: .messages)] in await other.next() }
                task.cancel()
                #expect(await task.value == nil)
            }
        }

        @Test(arguments: Backend.allCases)
        func `nodes count together`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                #expect(try await one.increment("n") == 1)
                #expect(try await other.increment("n", by: 41, expiresAfter: nil) == 42)
                #expect(try await one.increment("n", by: -2, expiresAfter: nil) == 40)
                #expect(try await other.get("n") == "40")
            }
        }

        @Test(arguments: Backend.allCases)
        func `a hundred callers at once lose no count`(backend: Backend) async throws {
            try await withBuses(backend) { one, _ async throws in
                let values = try await withThrowingTaskGroup(of: [Int64].self) { group in
                    for _ in 0..<100 {
                        group.addTask {
                            var values: [Int64] = []
                            for _ in 0..<10 { values.append(try await one.increment("n")) }
                            return values
                        }
                    }
                    return try await group.reduce(into: [Int64]()) { $0 += $1 }
                }
                #expect(values.sorted() == Array(1...1000))
            }
        }

        @Test(arguments: Backend.allCases)
        func `a counter expires by its first count`(backend: Backend) async throws {
            try await withBuses(backend) { one, _ async throws in
                #expect(try await one.increment("n", by: 5, expiresAfter: .seconds(5)) == 5)
                #expect(try await one.increment("n", by: 1, expiresAfter: .seconds(100)) == 6)
                try await eventually("the expiry") { try await one.get("n") == nil ? true : nil }
                #expect(try await one.increment("n", by: 2, expiresAfter: .seconds(100)) == 2)
            }
        }

        @Test(arguments: Backend.allCases)
        func `values are kept, replaced and deleted`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let value = Bytes((0..<256).map { UInt8($0) })
                #expect(try await one.get("k") == nil)
                try await one.set("k", to: value)
                #expect(try await other.get("k") == value)
                #expect(try await other.set("k", to: "new", expiresAfter: nil, onlyIfAbsent: true) == false)
                #expect(try await one.get("k") == value)
                try await other.set("k", to: "")
                #expect(try await one.get("k") == "")
                #expect(try await one.delete("k"))
                #expect(try await other.delete("k") == false)
                #expect(try await other.set("k", to: "new", expiresAfter: nil, onlyIfAbsent: true))
            }
        }

        @Test(arguments: Backend.allCases)
        func `a value ends with its time`(backend: Backend) async throws {
            try await withBuses(backend) { one, _ async throws in
                try await one.set("k", to: "v", expiresAfter: .milliseconds(100))
                try await eventually("the expiry") { try await one.get("k") == nil ? true : nil }
                #expect(try await one.set("k", to: "v", expiresAfter: .seconds(9), onlyIfAbsent: true))
            }
        }

        @Test(arguments: Backend.allCases)
        func `a megabyte goes and comes back`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let value = Bytes((0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                try await one.set("k", to: value)
                #expect(try await other.get("k") == value)
            }
        }

        @Test(arguments: Backend.allCases)
        func `a bucket gives its burst and then says when there is more`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let interval = Duration.seconds(60)
                for left in [2, 1, 0] {
                    let decision = try await one.take("b", cost: 1, emissionInterval: interval, burst: 3)
                    #expect(decision == .taken(remaining: left))
                }
                let decision = try await other.take("b", cost: 2, emissionInterval: interval, burst: 3)
                guard case .refused(let remaining, let wait) = decision else {
                    Issue.record("taken from an empty bucket")
                    return
                }
                #expect(remaining == 0)
                #expect(wait > .seconds(60) && wait <= .seconds(120))
            }
        }

        @Test(arguments: Backend.allCases)
        func `each call may see a bucket as smaller or larger`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let take: @Sendable (any Bus, Int, Int) async throws -> TokenDecision = { bus, cost, burst in
                    try await bus.take("b", cost: cost, emissionInterval: .seconds(60), burst: burst)
                }
                #expect(try await take(one, 2, 5) == .taken(remaining: 3))
                #expect(try await take(other, 1, 4) == .taken(remaining: 1))
                #expect(try await !take(one, 2, 4).isTaken)
                #expect(try await take(other, 1, 6) == .taken(remaining: 2))
                #expect(try await !take(one, 1, 4).isTaken)
            }
        }

        @Test(arguments: Backend.allCases)
        func `a bucket fills again`(backend: Backend) async throws {
            try await withBuses(backend) { one, _ async throws in
                let take: @Sendable () async throws -> TokenDecision = {
                    try await one.take("b", cost: 2, emissionInterval: .milliseconds(50), burst: 2)
                }
                #expect(try await take().isTaken)
                guard case .refused(_, let wait) = try await take() else { return }
                try await Task.sleep(for: wait)
                #expect(try await take().isTaken)
            }
        }

        @Test(arguments: Backend.allCases)
        func `callers at once share one burst`(backend: Backend) async throws {
            try await withBuses(backend) { one, other async throws in
                let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for index in 0..<100 {
                        let bus = index.isMultiple(of: 2) ? one : other
                        group.addTask {
                            try await bus.take("b", cost: 1, emissionInterval: .seconds(60), burst: 10)
                                .isTaken
                        }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(taken == 10)
            }
        }

        @Test(arguments: Backend.allCases)
        func `what makes no sense is refused`(backend: Backend) async throws {
            try await withBuses(backend) { one, _ async throws in
                await #expect(throws: BusError.self) {
                    try await one.take("b", cost: 4, emissionInterval: .seconds(1), burst: 3)
                }
                try await one.set("k", to: "no number")
                await #expect(throws: BusError.self) { try await one.increment("k") }
                try await one.set("k", to: Bytes("\(Int64.max)"))
                await #expect(throws: BusError.self) { try await one.increment("k") }
            }
        }
    }
}
