/// Something that a rule does not like.
struct Finding: Equatable, Comparable, CustomStringConvertible {
    var path: String
    var line: Int
    var rule: String
    var message: String

    var description: String { "\(path):\(line): \(rule): \(message)" }

    static func < (left: Finding, right: Finding) -> Bool {
        (left.path, left.line, left.rule, left.message) < (right.path, right.line, right.rule, right.message)
    }
}

/// One use of something that is allowed only so often in a file.
struct Use: Equatable {
    var rule: String
    var path: String
    var line: Int
    var message: String
}
