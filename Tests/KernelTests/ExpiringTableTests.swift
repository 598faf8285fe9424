import Testing

@testable import Kernel

@Suite struct ExpiringTableTests {
    private func value(_ table: ExpiringTable<Int>, _ tag: UInt64, at now: Int64) -> Int? {
        table.change(tag, at: now) { $0?.value }
    }

    private func put(
        _ table: ExpiringTable<Int>, _ tag: UInt64, _ value: Int, until: Int64, at now: Int64 = 0
    ) {
        table.change(tag, at: now) { $0 = .init(value: value, until: until) }
    }

    @Test func `a value is found until it expires`() {
        let table = ExpiringTable(max: 1024, empty: 0)
        put(table, 7, 1, until: 100)
        #expect(value(table, 7, at: 99) == 1)
        #expect(value(table, 8, at: 99) == nil)
        #expect(value(table, 7, at: 100) == nil)
        put(table, 7, 2, until: 200, at: 150)
        #expect(value(table, 7, at: 199) == 2)
    }

    @Test func `a value is changed in its place, or removed`() {
        let table = ExpiringTable(max: 1024, empty: 0)
        put(table, 7, 1, until: 100)
        table.change(7, at: 50) { $0?.value += 1 }
        #expect(value(table, 7, at: 50) == 2)
        table.change(7, at: 50) { $0 = nil }
        #expect(table.count(at: 50).kept == 0)
    }

    @Test func `what fits is kept, however often the table grows`() {
        var random = SystemRandomNumberGenerator()
        let table = ExpiringTable(max: 65_536, empty: 0)
        // Eight ways lose next to nothing while a quarter of the places is used.
        let tags = (0..<16_384).map { _ in random.next() as UInt64 }
        for (index, tag) in tags.enumerated() { put(table, tag, index, until: 10) }
        let found = tags.indices.count { value(table, tags[$0], at: 5) == $0 }
        #expect(found > 16_300)
    }

    @Test func `beyond the bound the value goes that would expire first`() {
        let table = ExpiringTable(max: 128, empty: 0)
        // All of one shard, which has one set of eight places.
        for index in 0..<20 { put(table, UInt64(index * 16), index, until: Int64(100 + (index * 7) % 20)) }
        let kept = (0..<20).filter { value(table, UInt64($0 * 16), at: 0) != nil }
        #expect(table.count(at: 0).places == 128)
        #expect(kept.count == 8)
        // The seven that last longest are never the first to go; the eighth place is the newcomer's.
        let longest = (0..<20).sorted { ($0 * 7) % 20 > ($1 * 7) % 20 }.prefix(7)
        #expect(longest.allSatisfy(kept.contains))
        #expect(kept.contains(19))
    }

    @Test(arguments: [0, 1, 127, 128, 1000])
    func `there are never more places than the bound, but for the smallest`(max: Int) {
        let table = ExpiringTable(max: max, empty: 0)
        for tag in 0..<5000 { put(table, UInt64(tag), tag, until: 10) }
        #expect(table.count(at: 0).places <= Swift.max(128, max))
    }
}
