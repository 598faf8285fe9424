import Base
import Kernel
import Store
import StoreTesting
import Synchronization
import Testing

@Suite struct CursorTests {
    @Test(arguments: Backend.allCases)
    func `a cursor remembers, and never goes back by a commit`(backend: Backend) async throws {
        try await withLog(backend) { _, database in
            let cursors = Cursors(database)
            #expect(try await cursors.position(of: "a") == nil)
            try await cursors.commit(5, for: "a")
            try await cursors.commit(3, for: "a")
            #expect(try await cursors.position(of: "a") == 5)
            try await cursors.reset(2, for: "a")
            #expect(try await cursors.position(of: "a") == 2)
            #expect(try await cursors.position(of: "b") == nil)
            try await cursors.remove("a")
            #expect(try await cursors.position(of: "a") == nil)
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct LeaseTests {
    @Test(arguments: Backend.allCases)
    func `only one holds a lease`(backend: Backend) async throws {
        try await withLog(backend) { _, database in
            let leases = Leases(database)
            let first = try #require(try await leases.acquire("bot:1", holder: "a", for: .seconds(60)))
            #expect(try await leases.acquire("bot:1", holder: "b", for: .seconds(60)) == nil)
            #expect(try await leases.acquire("bot:2", holder: "b", for: .seconds(60)) != nil)
            // Its holder may ask again, and stays under the same token.
            #expect(try await leases.acquire("bot:1", holder: "a", for: .seconds(60)) == first)
        }
    }

    @Test(arguments: Backend.allCases)
    func `an expired lease goes to the next under a higher token, and the old one is fenced off`(
        backend: Backend
    ) async throws {
        try await withLog(backend) { _, database in
            let leases = Leases(database)
            let old = try #require(try await leases.acquire("x", holder: "a", for: .milliseconds(1)))
            var taken: Lease?
            while taken == nil { taken = try await leases.acquire("x", holder: "b", for: .seconds(60)) }
            let new = try #require(taken)
            #expect(new.token > old.token)
            await #expect(throws: LeaseLost(name: "x")) {
                try await database.write { try await old.check(in: $0) }
            }
            try await database.write { try await new.check(in: $0) }
            #expect(try await leases.renew([old], for: .seconds(60)).isEmpty)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a released lease is free at once, and its token is not used again`(backend: Backend) async throws {
        try await withLog(backend) { _, database in
            let leases = Leases(database)
            let old = try #require(try await leases.acquire("x", holder: "a", for: .seconds(60)))
            try await leases.release(old)
            let new = try #require(try await leases.acquire("x", holder: "a", for: .seconds(60)))
            #expect(new.token > old.token)
        }
    }

    @Test(arguments: Backend.allCases)
    func `renewing keeps what is held and tells what is not`(backend: Backend) async throws {
        try await withLog(backend) { _, database in
            let leases = Leases(database)
            let kept = try #require(try await leases.acquire("x", holder: "a", for: .seconds(60)))
            let gone = try #require(try await leases.acquire("y", holder: "a", for: .seconds(60)))
            try await leases.release(gone)
            #expect(try await leases.renew([kept, gone], for: .seconds(60)) == [kept])
        }
    }

    @Test(arguments: Backend.allCases)
    func `of many who ask at once one gets it`(backend: Backend) async throws {
        try await withLog(backend) { _, database in
            let leases = Leases(database)
            let holders = try await withThrowingTaskGroup(of: Lease?.self) { group in
                for index in 0..<20 {
                    group.addTask { try await leases.acquire("x", holder: "\(index)", for: .seconds(60)) }
                }
                return try await group.reduce(into: 0) { if $1 != nil { $0 += 1 } }
            }
            #expect(holders == 1)
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct LeaseKeeperTests {
    let clock = ManualClock()

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isRaised: Bool { value.load(ordering: .relaxed) }
        func raise() { value.store(true, ordering: .relaxed) }
    }

    @Test(arguments: Backend.allCases)
    func `a lease is kept as long as it is renewed`(backend: Backend) async throws {
        try await withLog(backend) { _, database in
            let keeper = LeaseKeeper(Leases(database), holder: "a", span: .seconds(60), clocks: clock.clocks)
            let lost = Flag()
            _ = try #require(try await keeper.acquire("x") { lost.raise() })
            for _ in 0..<5 {
                clock.advance(by: .seconds(20))
                await keeper.renew()
            }
            #expect(keeper.names == ["x"])
            #expect(!lost.isRaised)
        }
    }

    @Test(arguments: Backend.allCases)
    func `who loses a lease to another is told at the next renewal`(backend: Backend) async throws {
        try await withLog(backend) { _, database in
            let keeper = LeaseKeeper(Leases(database), holder: "a", span: .seconds(60), clocks: clock.clocks)
            let lost = Flag()
            let lease = try #require(try await keeper.acquire("x") { lost.raise() })
            // As if it had been frozen for longer than its span.
            try await Leases(database).release(lease)
            _ = try #require(try await Leases(database).acquire("x", holder: "b", for: .seconds(60)))
            await keeper.renew()
            #expect(lost.isRaised)
            #expect(keeper.names == [])
        }
    }

    @Test func `a keeper that has given everything back takes nothing any more`() async throws {
        try await withLog(.sqlite) { _, database in
            let leases = Leases(database)
            let keeper = LeaseKeeper(leases, holder: "a", span: .seconds(60))
            let first = try await keeper.acquire("x", lost: {})
            await keeper.close()
            let late = try await keeper.acquire("y", lost: {})
            #expect(first != nil)
            #expect(late == nil)
            for name in ["x", "y"] {
                _ = try #require(try await leases.acquire(name, holder: "b", for: .seconds(60)))
            }
        }
    }

    @Test func `without the database a lease is lost when its time is up, and not before`() async throws {
        try await withLog(.sqlite) { _, database in
            let keeper = LeaseKeeper(Leases(database), holder: "a", span: .seconds(60), clocks: clock.clocks)
            let lost = Flag()
            _ = try #require(try await keeper.acquire("x") { lost.raise() })
            await database.close()
            clock.advance(by: .seconds(59))
            await keeper.renew()
            #expect(!lost.isRaised)
            clock.advance(by: .seconds(2))
            #expect(keeper.names == [])
            await keeper.renew()
            #expect(lost.isRaised)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a keeper that closes leaves its leases to others at once`(backend: Backend) async throws {
        try await withLog(backend) { _, database in
            let keeper = LeaseKeeper(Leases(database), holder: "a", span: .seconds(60), clocks: clock.clocks)
            _ = try #require(try await keeper.acquire("x") {})
            await keeper.close()
            #expect(try await Leases(database).acquire("x", holder: "b", for: .seconds(60)) != nil)
        }
    }

    @Test(arguments: Backend.allCases)
    func `who cannot renew in time is told in time, though the database does not answer`(backend: Backend)
        async throws
    {
        try await withLog(backend) { _, database in
            let keeper = LeaseKeeper(Leases(database), holder: "a", span: .milliseconds(600))
            let lost = Flag()
            let goesOn = Flag()
            _ = try #require(try await keeper.acquire("x") { lost.raise() })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // Holds up every other writer.
                    try await database.write { transaction in
                        try await transaction.execute("UPDATE leases SET holder = holder")
                        while !goesOn.isRaised { try await Task.sleep(for: .milliseconds(5)) }
                    }
                }
                group.addTask { await keeper.run() }
                let deadline = ContinuousClock.now + .seconds(30)
                while !lost.isRaised, ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(5))
                }
                #expect(lost.isRaised)
                goesOn.raise()
                group.cancelAll()
                while await group.nextResult() != nil {}
            }
        }
    }
}
