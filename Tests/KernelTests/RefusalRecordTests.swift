import Base
import Testing

@testable import Kernel

@Suite struct RefusalRecordTests {
    private var policy: RatePolicy {
        var policy = RatePolicy()
        policy.blockAfter = 3
        return policy
    }

    private func at(_ seconds: Int) -> Moment { Moment(nanoseconds: 0) + .seconds(seconds) }

    /// Refuses so often that a block begins, and says how long it is.
    private func block(_ record: inout RefusalRecord, at seconds: Int) -> Duration? {
        for _ in 0..<3 where record.refused(at: at(seconds), by: policy) != nil { return .zero }
        return record.refused(at: at(seconds), by: policy)
    }

    @Test func `a caller is blocked by one refusal more than is let pass`() {
        var record = RefusalRecord()
        let blocks = (0..<4).map { record.refused(at: at($0), by: policy) }
        #expect(blocks == [nil, nil, nil, .seconds(30)])
        #expect(record.blocked(at: at(3)) == .seconds(30))
        #expect(record.blocked(at: at(32)) == .seconds(1))
        #expect(record.blocked(at: at(33)) == nil)
    }

    @Test func `refusals of different minutes do not add up`() {
        var record = RefusalRecord()
        let blocks = [0, 20, 40, 60, 80, 100, 120].map { record.refused(at: at($0), by: policy) }
        #expect(blocks.allSatisfy { $0 == nil })
        #expect(record.count == 1)
    }

    @Test func `each block is twice as long as the one before, up to a bound`() {
        var record = RefusalRecord()
        var (now, lengths): (Int, [Int]) = (0, [])
        for _ in 0..<7 {
            let length = Int(block(&record, at: now)?.components.seconds ?? 0)
            lengths.append(length)
            now += length
        }
        #expect(lengths == [30, 60, 120, 240, 480, 900, 900])
    }

    @Test func `after the longest block's time in peace all is forgotten`() {
        var record = RefusalRecord()
        #expect(block(&record, at: 0) == .seconds(30))
        #expect(record.forgottenAt == at(930))
        #expect(block(&record, at: 929) == .seconds(60))
        #expect(block(&record, at: 929 + 60 + 900) == .seconds(30))
    }

    @Test func `what is asked during a block is counted, and makes it no longer`() {
        var record = RefusalRecord()
        _ = block(&record, at: 0)
        for _ in 0..<100 { #expect(record.blocked(at: at(10)) == .seconds(20)) }
        #expect(record.count == 104)
        #expect(record.refused(at: at(30), by: policy) == nil)
        #expect(record.count == 1)
    }

    @Test func `nobody is blocked where that is turned off`() {
        var (record, policy) = (RefusalRecord(), policy)
        policy.blockAfter = 0
        for _ in 0..<1000 { #expect(record.refused(at: at(0), by: policy) == nil) }
    }
}
