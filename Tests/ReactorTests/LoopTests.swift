import Base
import Glibc

import Synchronization
import Testing

@testable import Reactor

@Suite struct TimerHeapTests {
    @Test func `timers fire in the order of their deadlines, equal ones as they were armed`() {
        var heap = TimerHeap()
        var fired: [String] = []
        for (deadline, name) in [(30, "c"), (10, "a"), (20, "b1"), (20, "b2")] as [(UInt64, String)] {
            _ = heap.arm(at: deadline) { fired.append(name) }
        }
        while let action = heap.popDue(25) { action() }
        #expect(fired == ["a", "b1", "b2"])
        #expect(heap.earliest() == 30)
    }

    @Test func `a cancelled timer never fires and leaves no deadline behind`() {
        var heap = TimerHeap()
        let timer = heap.arm(at: 1) {}
        heap.cancel(timer)
        #expect(heap.earliest() == nil)
        #expect(heap.popDue(.max) == nil)
    }

    @Test(arguments: [1, 7, 42] as [UInt64])
    func `whatever is armed and cancelled, the rest fires in order`(seed: UInt64) {
        var state = seed
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33 % bound
        }
        var heap = TimerHeap()
        var fired: [UInt64] = []
        var armed: [(TimerHeap.ID, UInt64)] = []
        for _ in 0..<2000 {
            let deadline = next(500)
            armed.append((heap.arm(at: deadline) { fired.append(deadline) }, deadline))
            if next(3) == 0 { heap.cancel(armed.remove(at: Int(next(UInt64(armed.count)))).0) }
        }
        while let action = heap.popDue(.max) { action() }
        #expect(fired == armed.map(\.1).sorted(), "seed \(seed)")
    }
}

@Suite struct EventLoopTests {
    /// An actor that lives on a loop and says whether it still does.
    private actor Pinned {
        private let loop: EventLoop
        private(set) var count = 0
        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

        init(_ loop: EventLoop) { self.loop = loop }

        func add() -> Bool {
            count += 1
            return loop.isCurrent
        }

        func sleepAndLook() async throws -> Bool {
            try await loop.sleep(for: .milliseconds(1))
            return loop.isCurrent
        }

        func yieldAndLook() async -> Bool {
            await loop.yield()
            return loop.isCurrent
        }
    }

    @Test func `jobs from many tasks all run, and on the loop's thread`() async throws {
        let group = try EventLoopGroup(count: 2)
        let actor = Pinned(group.loops[1])
        let stayed = await withTaskGroup(of: Bool.self) { tasks in
            for _ in 0..<500 { tasks.addTask { await actor.add() } }
            return await tasks.reduce(true) { $0 && $1 }
        }
        #expect(stayed)
        #expect(await actor.count == 500)
        group.shutdown()
    }

    @Test func `an actor is back on its loop behind everything that it waits for`() async throws {
        let group = try EventLoopGroup(count: 1)
        let actor = Pinned(group.loops[0])
        #expect(try await actor.sleepAndLook())
        #expect(await actor.yieldAndLook())
        group.shutdown()
    }

    @Test func `a cancelled sleep ends at once`() async throws {
        let group = try EventLoopGroup(count: 1)
        let loop = group.loops[0]
        let task = Task { try await loop.sleep(for: .seconds(3600)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        group.shutdown()
    }

    @Test func `what is run on a loop gives back its value or its error`() async throws {
        let group = try EventLoopGroup(count: 1)
        #expect(await group.loops[0].run { 7 } == 7)
        await #expect(throws: SystemError("test", 5)) {
            try await group.loops[0].run { () throws(SystemError) in throw SystemError("test", 5) }
        }
        group.shutdown()
    }
}

@Suite struct BlockingTests {
    @Test func `a pool refuses what it has no room for, and finishes what it took`() async throws {
        let pool = try BlockingPool(threads: 1, waiting: 1)
        let (started, gate) = (BlockingQueue<Void>(capacity: 1), BlockingQueue<Void>(capacity: 1))
        let first = Task {
            try await pool.run {
                _ = started.push(())
                _ = gate.pop()
            }
        }
        while started.count == 0 { await Task.yield() }
        let second = Task { try await pool.run { 2 } }
        while pool.waiting == 0 { await Task.yield() }
        await #expect(throws: BlockingPoolFull.self) { try await pool.run {} }
        _ = gate.push(())
        try await first.value
        #expect(try await second.value == 2)
        pool.shutdown()
    }

    @Test func `a pool, a thread and loops may be ended twice`() throws {
        let pool = try BlockingPool(threads: 2, waiting: 1)
        let executor = try ThreadExecutor("twice")
        let group = try EventLoopGroup(count: 1)
        for _ in 0..<2 {
            pool.shutdown()
            executor.shutdown()
            group.shutdown()
        }
    }

    @Test func `an actor whose thread has ended is answered all the same`() async throws {
        actor Owner {
            private let executor: ThreadExecutor
            private var count = 0
            nonisolated var unownedExecutor: UnownedSerialExecutor {
                unsafe executor.asUnownedSerialExecutor()
            }
            init(_ executor: ThreadExecutor) { self.executor = executor }
            func add() -> Int {
                count += 1
                return count
            }
        }
        let executor = try ThreadExecutor("ended")
        let owner = Owner(executor)
        executor.shutdown()
        let counts = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<20 { group.addTask { await owner.add() } }
            return await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(counts == Set(1...20))
    }

    @Test func `a task that another thread lets go on stays on its loop`() async throws {
        let thread = try ThreadExecutor("waker")
        actor Waker {
            private let executor: ThreadExecutor
            nonisolated var unownedExecutor: UnownedSerialExecutor {
                unsafe executor.asUnownedSerialExecutor()
            }
            init(_ executor: ThreadExecutor) { self.executor = executor }
            func wake(_ waiter: Waiter<UInt>) { waiter.resume(returning: UInt(pthread_self())) }
        }
        let waker = Waker(thread)
        try await onLoop { pinned in
            let own = UInt(pthread_self())
            for _ in 0..<20 {
                let other = await withCheckedContinuation {
                    (continuation: CheckedContinuation<UInt, Never>) in
                    let waiter = Waiter(continuation)
                    Task { await waker.wake(waiter) }
                }
                #expect(other != own)
                #expect(UInt(pthread_self()) == own)
                #expect(pinned.loop.isCurrent)
            }
        }
        thread.shutdown()
    }

    @Test func `a bell wakes who waits, who comes next, and nobody twice`() async throws {
        let bell = Bell()
        try await onLoop { pinned in
            let begin = ContinuousClock.now
            let waiting = pinned.spawn { _ in await bell.wait(.seconds(60)) }
            await pinned.loop.yield()
            bell.ring()
            try await waiting.value
            bell.ring()
            await bell.wait(.seconds(60))
            #expect(begin.duration(to: .now) < .seconds(30))
            // It rang for the two of them.
            await bell.wait(.milliseconds(20))
            #expect(begin.duration(to: .now) >= .milliseconds(20))
            #expect(pinned.loop.isCurrent)
        }
    }

    @Test func `a bell off the loops rings once for each ring`() async {
        let bell = Bell()
        bell.ring()
        await bell.wait(.seconds(60))
        let ringing = Task { bell.ring() }
        await bell.wait(.seconds(60))
        await ringing.value
        let begin = ContinuousClock.now
        await bell.wait(.milliseconds(50))
        #expect(begin.duration(to: .now) >= .milliseconds(50))
    }

    @Test func `a wait for a bell ends with its task, on a loop and elsewhere`() async throws {
        let begin = ContinuousClock.now
        let bells = [Bell(), Bell()]
        let onLoop = await Pinned(Loops.first).spawn { _ in await bells[0].wait(.seconds(60)) }
        let elsewhere = Task { await bells[1].wait(.seconds(60)) }
        onLoop.cancel()
        elsewhere.cancel()
        _ = try await onLoop.value
        await elsewhere.value
        #expect(begin.duration(to: .now) < .seconds(30))
    }

    @Test func `an actor on a thread of its own runs there and nowhere else`() async throws {
        actor Owner {
            private let executor: ThreadExecutor
            private var names: Set<UInt> = []
            nonisolated var unownedExecutor: UnownedSerialExecutor {
                unsafe executor.asUnownedSerialExecutor()
            }
            init(_ executor: ThreadExecutor) { self.executor = executor }
            func look() -> Int {
                names.insert(pthread_self())
                return names.count
            }
        }
        let executor = try ThreadExecutor("owner")
        let owner = Owner(executor)
        for _ in 0..<20 { #expect(await owner.look() == 1) }
        executor.shutdown()
    }
}

@Suite struct ListenerTests {
    @Test func `loops share one address, and a second server is told that it is taken`() async throws {
        let group = try EventLoopGroup(count: 2)
        // An address of its own, where nobody else takes the port once it is free.
        let address = try #require(SocketAddress("127.76.79.80:0"))
        let first = try Listener(address, on: group.loops[0])
        let second = try Listener(first.address, on: group.loops[1])
        #expect(first.address == second.address)
        #expect(throws: SystemError.self) { try Listener.checkFree(first.address) }
        for listener in [first, second] {
            try await listener.loop.run { () throws(SystemError) in try listener.start { _, _ in } }
            await listener.loop.run { listener.stop() }
        }
        try Listener.checkFree(first.address)
        group.shutdown()
    }

    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:80"), ("localhost:0", "127.0.0.1:0"), ("[::1]:8080", "[::1]:8080"),
        ("unix:/run/x", "unix:/run/x"),
    ])
    func `an address is read and written`(text: String, written: String) {
        #expect(SocketAddress(text)?.description == written)
    }

    @Test(arguments: ["", ":80", "1.2.3:80", "127.0.0.1", "127.0.0.1:65536", "[::1:80", "host:80", "unix:"])
    func `what is no address is refused`(text: String) { #expect(SocketAddress(text) == nil) }
}

@Suite struct SupervisorTests {
    private struct Part: Service {
        let name: String
        let events: Mutex<[String]>.Shared
        var fails = false
        var cut: [String] = []

        func start() async throws {
            if fails { throw SystemError("start", 1) }
            events.add("+\(name)")
        }

        func stop(by deadline: MonotonicNanoseconds) async -> [String] {
            events.add("-\(name)")
            return cut
        }
    }

    @Test func `services start in order and stop in reverse`() async throws {
        let events = Mutex<[String]>.Shared()
        let parts = ["a", "b", "c"].map { Part(name: $0, events: events) }
        #expect(try await Supervisor(parts, grace: .seconds(1), logger: .silent).run {})
        #expect(events.all == ["+a", "+b", "+c", "-c", "-b", "-a"])
    }

    @Test func `what a service cut off is told to whoever ran it`() async throws {
        let events = Mutex<[String]>.Shared()
        let parts = [Part(name: "a", events: events, cut: ["a request"]), Part(name: "b", events: events)]
        #expect(try await !Supervisor(parts, grace: .seconds(1), logger: .silent).run {})
        #expect(events.all == ["+a", "+b", "-b", "-a"])
    }

    @Test func `a service that does not start ends those that did, and the program with its error`() async {
        let events = Mutex<[String]>.Shared()
        let parts = [Part(name: "a", events: events), Part(name: "b", events: events, fails: true)]
        await #expect(throws: SystemError("start", 1)) {
            try await Supervisor(parts, grace: .seconds(1), logger: .silent).run {}
        }
        #expect(events.all == ["+a", "-a"])
    }
}

extension Mutex where Value == [String] {
    /// What happened, in order, for whoever looks later.
    final class Shared: Sendable {
        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }
        func add(_ event: String) { state.withLock { $0.append(event) } }
    }
}
