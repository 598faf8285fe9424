import Base

/// What goes wrong on purpose.
struct Fault: Sendable {
    enum Kind: Sendable, Equatable {
        /// 429 with so many seconds to wait.
        case tooMany(Int)
        /// An answer of this status and these words.
        case status(Int, String)
        /// The answer comes that much later.
        case slow(milliseconds: Int)
        /// No answer comes.
        case hang
        /// The answer breaks off half way.
        case cut
        /// A webhook is delivered twice.
        case duplicate
        /// A webhook is delivered after the next one of its chat.
        case reorder
    }

    let id: Int
    let kind: Kind
    /// The only bot that it is for.
    var bot: Int64?
    /// The only method that it is for, in lower case; `send*` stands for all that begin so.
    var method: String?
    /// Of a hundred calls, how many it hits.
    var percent = 100.0
    /// Whether the call is carried out all the same.
    var isAfter = false
    /// When it begins and ends.
    var from: Moment?
    var until: Moment?
    /// How many more calls it hits.
    var left: Int?
    /// How many it has hit.
    var hits = 0

    var concernsWebhooks: Bool { kind == .duplicate || kind == .reorder }

    fileprivate func concerns(_ bot: Int64, _ method: String, _ now: Moment) -> Bool {
        if let only = self.bot, only != bot { return false }
        if let from, now < from { return false }
        if let until, now >= until { return false }
        if let left, left <= 0 { return false }
        guard let wanted = self.method else { return true }
        return wanted.hasSuffix("*") ? method.hasPrefix(wanted.dropLast()) : method == wanted
    }
}

/// The faults there are, and the chance that decides whom they hit.
struct FaultTable: Sendable {
    private(set) var all: [Fault] = []
    private var random: SeededGenerator
    private var next = 1

    init(seed: UInt64) { random = SeededGenerator(seed: seed ^ 0x6661_756c_7473) }

    mutating func add(_ kind: Fault.Kind, _ change: (inout Fault) -> Void) -> Fault {
        var fault = Fault(id: next, kind: kind)
        change(&fault)
        next += 1
        all.append(fault)
        if all.count > 1000 { all.removeFirst() }
        return fault
    }

    mutating func remove(_ id: Int?) { all.removeAll { id == nil || $0.id == id } }

    /// The fault that hits a call.
    mutating func hit(bot: Int64, method: String, now: Moment) -> Fault? {
        draw { !$0.concernsWebhooks && $0.concerns(bot, method, now) }
    }

    /// Whether a fault of webhooks hits a delivery.
    mutating func hit(_ kind: Fault.Kind, bot: Int64, now: Moment) -> Bool {
        guard !all.isEmpty else { return false }
        return draw { $0.kind == kind && $0.concerns(bot, $0.method ?? "", now) } != nil
    }

    private mutating func draw(_ concerns: (Fault) -> Bool) -> Fault? {
        for index in all.indices where concerns(all[index]) {
            if all[index].percent < 100 {
                let chance = Double(random.next() >> 11) / Double(1 << 53) * 100
                guard chance < all[index].percent else { continue }
            }
            all[index].hits += 1
            if let left = all[index].left { all[index].left = left - 1 }
            return all[index]
        }
        return nil
    }
}
