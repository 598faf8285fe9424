/// What a metric shows at one moment.
public struct MetricSnapshot: Sendable, Equatable {
    /// What kind of numbers these are.
    public enum Kind: String, Sendable {
        /// Only grows; its name ends in `_total`.
        case counter
        /// Goes up and down.
        case gauge
        /// Counts values by size.
        case histogram
    }

    /// One number or spread.
    public enum Value: Sendable, Equatable {
        /// A whole number.
        case integer(Int64)
        /// Any number.
        case real(Double)
        /// How many values fell up to each bound, with one count more for all above, and their sum.
        case histogram(bounds: [Double], counts: [Int64], sum: Double)
    }

    /// A value with the values of the metric's labels.
    public struct Series: Sendable, Equatable {
        /// In the order of the metric's labels.
        public var labels: [String]
        /// What the series shows.
        public var value: Value

        /// A value with the values of the metric's labels, in their order.
        public init(_ labels: [String] = [], _ value: Value) {
            self.labels = labels
            self.value = value
        }
    }

    /// The metric's whole name.
    public var name: String
    /// One sentence for people.
    public var help: String
    /// What kind of numbers these are.
    public var kind: Kind
    /// The names of the labels that tell the series apart.
    public var labels: [String]
    /// The numbers.
    public var series: [Series]

    /// Checks the names: a wrong one is a mistake of the program, not of the world.
    public init(_ name: String, _ help: String, _ kind: Kind, labels: [String] = [], series: [Series]) {
        precondition(MetricName.isValid(name), "\(name) is no name for a metric")
        precondition(
            kind != .counter || name.hasSuffix("_total"), "\(name) counts, so its name ends in _total")
        precondition(
            labels.allSatisfy(MetricName.isValidLabel), "\(labels) of \(name) are no names for labels")
        precondition(Set(labels).count == labels.count, "\(name) has a label twice")
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.series = series
    }

    /// A metric with one series and no labels.
    public init(_ name: String, _ help: String, _ kind: Kind, _ value: Value) {
        self.init(name, help, kind, series: [Series([], value)])
    }
}

/// What metrics and labels may be called.
enum MetricName {
    static func isValid(_ name: String) -> Bool {
        isName(name) { $0 == UInt8(ascii: ":") }
            && !["_bucket", "_count", "_sum", "_created"].contains { name.hasSuffix($0) }
    }

    static func isValidLabel(_ name: String) -> Bool {
        isName(name) { _ in false } && !name.hasPrefix("__") && name != "le" && name != "quantile"
    }

    private static func isName(_ name: String, also isAllowed: (UInt8) -> Bool) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39,
                UInt8(ascii: "_"):
                true
            default: isAllowed($0)
            }
        }
    }
}
