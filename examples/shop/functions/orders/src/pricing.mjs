// What a basket costs, asked of the pricing function.
import { InvokeCommand } from "@aws-sdk/client-lambda";

/** Makes `price(basket)` over a Lambda client. */
export function createPricing({ lambda, functionName }) {
  return async function price(basket) {
    const reply = await lambda.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(basket) }),
    );
    const payload = JSON.parse(Buffer.from(reply.Payload).toString());
    if (reply.FunctionError !== undefined) {
      throw new Error(`pricing failed: ${payload.errorMessage}`);
    }
    return payload;
  };
}
