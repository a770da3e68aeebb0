"""A conversation agent that is not the built-in one. It says what it was told: the system prompt's last line, and what was said before."""

from typing import Literal

from homeassistant.components import conversation
from homeassistant.components.conversation.const import DATA_COMPONENT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import intent
from homeassistant.helpers.typing import ConfigType

DOMAIN = "talker"


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Add the agent."""
    await hass.data[DATA_COMPONENT].async_add_entities([Talker()])
    return True


class Talker(conversation.ConversationEntity):
    """The agent."""

    _attr_name = "Talker"
    _attr_unique_id = DOMAIN

    @property
    def supported_languages(self) -> list[str] | Literal["*"]:
        """Say that it speaks every language."""
        return "*"

    async def _async_handle_message(
        self, user_input: conversation.ConversationInput, chat_log: conversation.ChatLog
    ) -> conversation.ConversationResult:
        before = [content.content for content in chat_log.content[1:-1]]
        if hasattr(chat_log, "async_provide_llm_data"):
            await chat_log.async_provide_llm_data(user_input.as_llm_context(DOMAIN), None, None, user_input.extra_system_prompt)
        else:  # Home Assistant 2025.4
            await chat_log.async_update_llm_data(DOMAIN, user_input, None, None)
        prompt = chat_log.content[0].content.splitlines()[-1]
        text = f"{prompt} After {', '.join(before) or 'nothing'}"
        chat_log.async_add_assistant_content_without_tools(conversation.AssistantContent(agent_id=user_input.agent_id, content=text))
        response = intent.IntentResponse(language=user_input.language)
        response.async_set_speech(text)
        return conversation.ConversationResult(response=response, conversation_id=chat_log.conversation_id)
