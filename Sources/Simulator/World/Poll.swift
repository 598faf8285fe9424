/// A question with answers to choose from.
package struct Poll: Sendable {
    /// Its number.
    package let id: Int64
    /// The question.
    package var question: String
    /// The answers.
    package var options: [String]
    /// Whether nobody sees who chose what.
    package var isAnonymous = true
    /// Whether more than one may be chosen.
    package var allowsMultiple = false
    /// The answer that is right, where it is a quiz.
    package var correct: Int?
    /// Whether it is over.
    package var isClosed = false
    /// Who chose what.
    package var votes: [Int64: [Int]] = [:]
    /// The bot that asked.
    package let owner: Int64

    /// How often an answer was chosen.
    package func count(_ option: Int) -> Int { votes.values.count { $0.contains(option) } }
}
