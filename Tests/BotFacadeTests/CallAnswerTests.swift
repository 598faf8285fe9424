import Base
import HTTPServer
import Identity
import Kernel
import Store
import Testing
import Wire

@testable import BotFacade

@Suite struct CallAnswerTests {
    @Test func `an outage says when to come again, and is no limit of Telegram's`() async throws {
        let error = try #require(LogError.unavailable(StoreError(.unavailable, "away")).apiError)
        let answer = CallAnswer.failure(error)
        #expect(answer.status == HTTPStatus(503))
        #expect(answer.fields["retry-after"] == "1")
        guard case .bytes(let body) = answer.body else {
            Issue.record("no body")
            return
        }
        #expect(!body.repairedText.contains("retry_after"))
    }
}
