/// How a part of the program is.
package struct PartHealth: Sendable, Equatable {
    /// From well to useless.
    package enum Status: String, Sendable, CaseIterable, Comparable {
        case ok
        /// It works, but somebody should look.
        case degraded
        /// It does not work.
        case failed

        /// Whether the left one is better.
        package static func < (left: Status, right: Status) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .ok: 0
            case .degraded: 1
            case .failed: 2
            }
        }
    }

    package var status: Status
    /// One sentence for the operator; nil where all is well.
    package var reason: String?
    /// How old this knowledge is.
    package var age: Duration

    /// A finding; `age` is that of what it rests on.
    package init(_ status: Status, _ reason: String? = nil, age: Duration = .zero) {
        self.status = status
        self.reason = reason
        self.age = age
    }

    /// All is well.
    package static let ok = PartHealth(.ok)

    /// It works, but somebody should look.
    package static func degraded(_ reason: String, age: Duration = .zero) -> PartHealth {
        PartHealth(.degraded, reason, age: age)
    }

    /// It does not work.
    package static func failed(_ reason: String, age: Duration = .zero) -> PartHealth {
        PartHealth(.failed, reason, age: age)
    }
}
