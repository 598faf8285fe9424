internal import Wire

/// A message that asks, with answers to choose from.
package struct PollMessage: BotRequest {
    private let chat: Int64
    private let options: MessageOptions
    private let question: String
    private let answers: [String]
    /// Whether nobody sees who has answered what; so without it.
    package var isAnonymous: Bool?
    /// Whether one may choose several.
    package var allowsMultipleAnswers: Bool?
    /// Makes it a quiz: which answer is right, from 0.
    package var correctOption: Int64?
    /// What is shown to those who were wrong in a quiz.
    package var explanation: String?
    /// For how many seconds it is open.
    package var openPeriod: Int64?

    private static let questionMax = 300
    private static let answerMax = 100
    private static let explanationMax = 200
    private static let count = 2...12
    /// A month.
    private static let openPeriodMax: Int64 = 2_628_000

    /// The method that it calls.
    package let method = BotMethod(known: "sendPoll")

    /// A question to a chat.
    package init(
        to chat: Int64, _ question: String, answers: [String], _ options: MessageOptions = MessageOptions()
    ) {
        self.chat = chat
        self.question = question
        self.answers = answers
        self.options = options
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        parameters.add("question", question)
        var writer = JSONWriter()
        writer.array { for answer in answers { $0.object { $0.field("text", answer) } } }
        parameters.add("options", json: writer.finish())
        parameters.add("is_anonymous", isAnonymous)
        parameters.add("allows_multiple_answers", allowsMultipleAnswers)
        if let correctOption {
            parameters.add("type", "quiz")
            // Servers before 9.6 know only the first, those after it only the second.
            parameters.add("correct_option_id", correctOption)
            parameters.add("correct_option_ids", [correctOption])
        }
        parameters.add("explanation", explanation)
        parameters.add("open_period", openPeriod)
        options.add(to: &parameters)
        return parameters
    }

    /// Throws where there is nothing to ask or to answer.
    package func check() throws(BotRequestError) {
        try Self.check("question", question, max: Self.questionMax)
        guard Self.count.contains(answers.count) else {
            throw BotRequestError("options", "must have 2 to 12 answers")
        }
        for (index, answer) in answers.enumerated() {
            try Self.check("options[\(index)]", answer, max: Self.answerMax)
        }
        if let correctOption, !answers.indices.contains(Int(correctOption)) {
            throw BotRequestError("correctOptionId", "is none of the answers")
        }
        if let explanation {
            guard correctOption != nil else {
                throw BotRequestError("explanation", "belongs to a quiz alone")
            }
            try Self.check("explanation", explanation, max: Self.explanationMax)
        }
        if let openPeriod, !(5...Self.openPeriodMax).contains(openPeriod) {
            throw BotRequestError("openPeriod", "must be from 5 to 2,628,000 seconds")
        }
    }

    private static func check(_ field: String, _ text: String, max: Int) throws(BotRequestError) {
        // What Telegram counts as one is at least one here.
        guard !text.allSatisfy(\.isWhitespace), text.count <= max else {
            throw BotRequestError(field, "must have 1 to \(max) characters")
        }
    }
}
