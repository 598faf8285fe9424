import Base
import Testing

@testable import BotAPI

@Suite struct BotTokenTests {
    @Test func `a token shows its bot and nothing else`() throws {
        let token = try #require(BotToken("42:AAExample-secret_1"))
        #expect(token.botID == 42)
        #expect("\(token)" == "42:•••")
        #expect(token.reveal() == "42:AAExample-secret_1")
    }

    @Test(arguments: [
        "", ":", "1:", "0:a", "01:a", "-1:a", "x:a", "1", "1:a/b", "1:a?b", "1:é", "1:a b", "1:a:b",
    ])
    func `what could not stand in a URL is no token`(text: String) {
        #expect(BotToken(Bytes(text)) == nil)
    }
}
