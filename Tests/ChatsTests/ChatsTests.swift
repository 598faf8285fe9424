import Testing

@testable import Chats

@Suite struct ChatsTests {}
